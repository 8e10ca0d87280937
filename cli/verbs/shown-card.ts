import type { TaskClient } from '../../client/task-client.ts';
import type { Answer, ApprovalCard, PendingApproval } from '../../contracts/approval.ts';
import { LonghaulError } from '../../contracts/error.ts';
import type { TaskId } from '../../contracts/ids.ts';
import type { Saw } from '../../contracts/saw.ts';
import { sawOf } from '../look-at.ts';
import type { Platform } from '../platform.ts';
import { resolveApproval } from '../resolve-approval.ts';
import { line, tone } from '../terminal/line.ts';
import { cardLines } from '../view/card-lines.ts';
import { printJson, printLines } from './define-verb.ts';

export interface ShownCard {
  readonly card: ApprovalCard;
  readonly pending: PendingApproval;
  readonly saw: Saw | null;
}

/**
 * The approval that is meant, its card shown whole to a person. What is answered afterwards is bound to the digest of this card.
 * Throws `approval.changed` when `digest` is given and is not that of the card now.
 */
export async function showCard(
  platform: Platform,
  client: TaskClient,
  taskId: TaskId,
  wanted: {
    readonly approvalId?: string | undefined;
    readonly digest?: string | undefined;
    readonly json: boolean;
  },
): Promise<ShownCard> {
  const state = await client.state(taskId);
  const pending = resolveApproval(taskId, state.pending, wanted.approvalId);
  if (wanted.digest !== undefined && wanted.digest !== pending.digest) {
    throw new LonghaulError(
      'approval.changed',
      `${pending.approvalId} is for ${pending.digest} now, and you quote ${wanted.digest}. Look at it again before you answer.`,
    );
  }
  const card = await client.card(taskId, pending);
  if (!wanted.json) {
    const changes = card.subject === 'delivery' ? await client.changes(taskId).catch(() => null) : null;
    const context = { program: platform.program, nowMs: platform.clock.nowMs(), changes };
    await printLines(platform, cardLines(card, pending, context));
  }
  return { card, pending, saw: sawOf(state) };
}

/** Sends an answer and says what was answered. */
export async function sendAnswer(
  platform: Platform,
  client: TaskClient,
  taskId: TaskId,
  answer: Answer,
  json: boolean,
): Promise<void> {
  const { outcome } = await client.decide(taskId, answer);
  if (json) {
    const { approvalId, digest, scope } = answer;
    return printJson(platform, { type: 'approval.answered', taskId, approvalId, digest, scope, outcome });
  }
  const scope = answer.scope === 'task' ? ', for the rest of the task' : '';
  return printLines(platform, [
    line(tone('good', `✓ ${outcome}${scope}`), ` ${answer.approvalId} of ${taskId} (${answer.digest})`),
  ]);
}
