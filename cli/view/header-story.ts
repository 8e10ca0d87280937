import type { BaselineCheck } from '../../contracts/activities.ts';
import type { CheckResult } from '../../contracts/evaluation.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';
import { splitLines } from '../terminal/escape.ts';
import { field, type Line, line, lineAt, type Span, tone } from '../terminal/line.ts';
import { counted } from './format.ts';

type EventOf<T extends TaskEvent['type']> = Extract<TaskEvent, { readonly type: T }>;

const labelWidth = 12;
const maxInstructionLines = 20;

/** What a task was asked to do, and with what. */
export function startedLines(event: EventOf<'task.started'>): readonly Line[] {
  return [
    line(tone('strong', `Task ${event.taskId}`)),
    ...instructionLines(event),
    field(2, labelWidth, 'repository', event.repository),
    field(2, labelWidth, 'model', event.model),
    field(2, labelWidth, 'policy', event.policy),
    field(2, labelWidth, 'asked by', event.requestedBy),
  ];
}

function instructionLines({ instruction }: EventOf<'task.started'>): readonly Line[] {
  const texts = splitLines(instruction);
  const more = texts.length - maxInstructionLines;
  const shown = texts.slice(0, maxInstructionLines).map((text) => lineAt(2, text));
  return more <= 0 ? shown : [...shown, lineAt(2, tone('dim', `… and ${counted(more, 'line')} more`))];
}

/** The base that was taken, and what a person may not expect of it. */
export function fetchedLines(event: EventOf<'repository.fetched'>): readonly Line[] {
  const commit = event.baseCommit.slice(0, 12);
  const branch = event.baseBranch === null ? [] : ['branch ', tone('accent', event.baseBranch), ' at '];
  return [
    field(2, labelWidth, 'base', ...branch, commit),
    ...event.notes.map((note) => lineAt(2, tone('warn', '! '), note.text)),
  ];
}

/** What was seen of the repository, and how its checks did before anything was changed. */
export function perceivedLines(event: EventOf<'context.perceived'>): readonly Line[] {
  const none = lineAt(
    4,
    tone('warn', 'nothing but the diff will say that the work is right; --check names a command that does'),
  );
  return [
    ...event.summary.map((text) => lineAt(2, tone('dim', text))),
    field(2, labelWidth, 'checks', event.checksFrom),
    ...(event.checks.length === 0 ? [none] : event.checks.map(baselineLine)),
  ];
}

function baselineLine(check: BaselineCheck): Line {
  const command = check.command === check.name ? [] : [tone('dim', ` (${check.command})`)];
  const optional = check.required ? [] : [tone('dim', ', not required')];
  return lineAt(4, check.name, ...command, ': ', ...baselineSpans(check.baseline), ...optional);
}

function baselineSpans(result: CheckResult): readonly Span[] {
  if (result.status === 'passed') return [tone('good', 'passes'), tone('plain', ' at the base')];
  if (result.status === 'failed') return [tone('warn', 'fails'), tone('plain', ' at the base')];
  return [tone('warn', result.status.replace('_', ' ')), tone('plain', ' at the base')];
}
