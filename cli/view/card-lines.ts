import type { ApprovalCard, PendingApproval } from '../../contracts/approval.ts';
import type { FileChange } from '../../contracts/task-repository.ts';
import { splitLines } from '../terminal/escape.ts';
import { blankLine, commandLine, field, type Line, line, lineAt, tone } from '../terminal/line.ts';
import { actionLines, standingText } from './action-text.ts';
import { counted, formatLeft, formatTime } from './format.ts';
import { ownCommand } from './shell-words.ts';

const labelWidth = 12;

export interface CardContext {
  readonly program: string;
  readonly nowMs: number;
  /** For a delivery: what it changes, null when that is not known. */
  readonly changes: readonly FileChange[] | null;
}

/** Everything that the answer is bound to, whole, and what an answer means. */
export function cardLines(
  card: ApprovalCard,
  pending: PendingApproval,
  context: CardContext,
): readonly Line[] {
  return [
    blankLine,
    line(tone('warn', `? ${subjects[card.subject]}`), tone('dim', `  ${card.approvalId}`)),
    ...titleLines(card),
    ...(card.action === null ? [] : actionLines(2, card.action.body)),
    ...card.details
      .filter((detail) => detail !== card.decision?.reason)
      .flatMap((detail) => splitLines(detail).map((text) => lineAt(2, text))),
    ...deliveryLines(card, context),
    ...(card.decision === null
      ? []
      : [field(2, labelWidth, 'why', `${card.decision.ruleId}: ${card.decision.reason}`)]),
    ...(card.treeBefore === null ? [] : [field(2, labelWidth, 'tree before', card.treeBefore)]),
    field(2, labelWidth, 'task', `${card.taskId}, iteration ${card.iteration}, asked by ${card.requestedBy}`),
    field(2, labelWidth, 'expires', expiry(card, context.nowMs)),
    field(2, labelWidth, 'waiting', 'costs nothing: no worker and no sandbox is held'),
    ...(pending.standingRule === null
      ? []
      : [field(2, labelWidth, 'may stand', standingText(pending.standingRule))]),
    field(2, labelWidth, 'digest', pending.digest),
  ];
}

const subjects = {
  action: 'May this be done?',
  budget: 'May it spend more?',
  delivery: 'May this be delivered?',
  question: 'The model asks',
  fault: 'Something failed',
} as const satisfies Record<ApprovalCard['subject'], string>;

/** The title is a summary of the action, which is shown whole below. */
function titleLines(card: ApprovalCard): readonly Line[] {
  return card.action === null ? [lineAt(2, tone('strong', card.title))] : [];
}

function deliveryLines(card: ApprovalCard, context: CardContext): readonly Line[] {
  if (card.subject !== 'delivery') return [];
  const whole = ownCommand(context.program, 'diff', card.taskId, '--patch');
  return [
    ...(context.changes === null ? [] : changeLines(context.changes)),
    commandLine(2, labelWidth, 'whole diff', whole),
  ];
}

/** A line a file, and their sum. */
export function changeLines(changes: readonly FileChange[]): readonly Line[] {
  const added = changes.reduce((sum, change) => sum + change.linesAdded, 0);
  const removed = changes.reduce((sum, change) => sum + change.linesRemoved, 0);
  return [
    ...changes.map((change) =>
      lineAt(
        2,
        tone('dim', `${letters[change.status]} `),
        change.fromPath === null ? change.path : `${change.fromPath} → ${change.path}`,
        tone('good', `  +${change.linesAdded}`),
        tone('bad', ` -${change.linesRemoved}`),
      ),
    ),
    lineAt(
      2,
      `${counted(changes.length, 'file')} changed, ${counted(added, 'line')} added, ${removed} removed`,
    ),
  ];
}

const letters = {
  added: 'A',
  deleted: 'D',
  modified: 'M',
  renamed: 'R',
  type_changed: 'T',
} as const satisfies Record<FileChange['status'], string>;

function expiry(card: ApprovalCard, nowMs: number): string {
  const left = card.expiresAtMs - nowMs;
  return left <= 0
    ? `${formatTime(card.expiresAtMs)}: too late, silence was a refusal`
    : `in ${formatLeft(left)}, ${formatTime(card.expiresAtMs)}; silence is a refusal`;
}
