import type { TaskEvent } from '../../contracts/task-event.ts';
import { outcomeErrorCode } from '../exit-code.ts';
import { blankLine, commandLine, field, type Line, line, type Span, tone } from '../terminal/line.ts';
import { counted, formatDuration } from './format.ts';
import { ownCommand, shellCommand } from './shell-words.ts';
import type { TaskView } from './task-view.ts';
import { usageSpan } from './usage-line.ts';

type Finished = Extract<TaskEvent, { readonly type: 'task.finished' }>;

/** What a person can type and read on with. */
export interface StoryContext {
  readonly program: string;
  readonly docs: string;
}

const labelWidth = 12;

/** How a task ended, where its work is, and what to type next. */
export function finishedLines(
  view: TaskView,
  event: Finished,
  { program, docs }: StoryContext,
): readonly Line[] {
  return [
    blankLine,
    line(...endingSpans(event)),
    ...branchLines(event),
    ...moreLines(event, docs),
    field(2, labelWidth, 'took', ...tookSpans(view, event)),
    field(2, labelWidth, 'spent', usageSpan(event.usage)),
    ...nextCommands(event, program).map(([command, why]) => commandLine(2, labelWidth, why, command)),
  ];
}

function endingSpans(event: Finished): readonly Span[] {
  const { status, reason } = event;
  if (status === 'delivered') return [tone('good', '✓ Delivered')];
  const word = `${status.slice(0, 1).toUpperCase()}${status.slice(1)}`;
  return [
    tone(status === 'cancelled' ? 'warn' : 'bad', `✗ ${word}`),
    tone('plain', reason === '' ? '' : `: ${reason}`),
  ];
}

function moreLines(event: Finished, docs: string): readonly Line[] {
  return event.status === 'delivered'
    ? []
    : [field(2, labelWidth, 'more', `${docs}${outcomeErrorCode(event)}.md`)];
}

function branchLines(event: Finished): readonly Line[] {
  if (event.branch === null) return [];
  const commit = event.commit === null ? '' : ` at ${event.commit.slice(0, 12)}`;
  return [field(2, labelWidth, 'branch', tone('accent', event.branch), commit), ...baseLines(event)];
}

function baseLines({ baseMovedBy, mergesCleanly }: Finished): readonly Line[] {
  if (baseMovedBy === null) return [];
  const moved = baseMovedBy === 0 ? 'has not moved' : `has moved on by ${counted(baseMovedBy, 'commit')}`;
  if (mergesCleanly === null) return [field(2, labelWidth, 'base', moved)];
  const merges = mergesCleanly
    ? '; the branch merges cleanly'
    : '; the branch does not merge without conflicts';
  return [field(2, labelWidth, 'base', tone(mergesCleanly ? 'plain' : 'warn', `${moved}${merges}`))];
}

function tookSpans(view: TaskView, event: Finished): readonly Span[] {
  const waited = event.usage.waitedForPeopleMs;
  const parts = [
    ...(view.startedAtMs === 0 ? [] : [formatDuration(event.atMs - view.startedAtMs)]),
    counted(event.iterations, 'iteration'),
    counted(event.usage.modelCalls, 'model call'),
    ...(waited < 1000 ? [] : [`${formatDuration(waited)} of it waiting for people`]),
  ];
  return [tone('plain', parts.join(', '))];
}

function nextCommands(event: Finished, program: string): readonly (readonly [string, string])[] {
  const own = (verb: string) => ownCommand(program, verb, event.taskId);
  if (event.status !== 'delivered')
    return [
      [own('show'), 'look at it'],
      [own('logs'), 'its output'],
    ];
  const merge =
    event.branch === null ? [] : [[shellCommand(['git', 'merge', event.branch]), 'take it'] as const];
  return [[own('diff'), 'look at it'], ...merge];
}
