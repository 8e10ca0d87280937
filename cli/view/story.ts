import type { TaskEvent } from '../../contracts/task-event.ts';
import { commandLine, type Line, line, lineAt, tone } from '../terminal/line.ts';
import { answeredLines, openedLines } from './approval-story.ts';
import { checkLines } from './check-lines.ts';
import { finishedLines, type StoryContext } from './finished-story.ts';
import { formatDuration } from './format.ts';
import { fetchedLines, perceivedLines, startedLines } from './header-story.ts';
import { decidedLines, evaluatedLines, observedLines, plannedLines } from './iteration-story.ts';
import { saidLines } from './said-story.ts';
import { ownCommand } from './shell-words.ts';
import type { TaskView } from './task-view.ts';

/** The lines that one more event adds to a task's story; `before` is the view without it. Pure; the same for terminals and pipes. */
export function storyLines(before: TaskView, event: TaskEvent, context: StoryContext): readonly Line[] {
  switch (event.type) {
    case 'task.started':
      return startedLines(event);
    case 'repository.fetched':
      return fetchedLines(event);
    case 'context.perceived':
      return perceivedLines(event);
    case 'iteration.planned':
      return plannedLines(before, event);
    case 'action.decided':
      return decidedLines(before, event.actionId, event.decision);
    case 'approval.opened':
      return openedLines(event);
    case 'approval.answered':
      return answeredLines(event);
    case 'actions.observed':
      return observedLines(before, event);
    case 'iteration.evaluated':
      return evaluatedLines(before, event.evaluation);
    case 'iteration.recorded':
    case 'live.running':
      return [];
    case 'delivery.verified':
      return verifiedLines(before, event);
    case 'task.finished':
      return finishedLines(before, event, context);
    case 'live.retrying':
      return retryingLines(before, event);
    case 'task.steered':
      return [line(tone('accent', `${event.by} steers: `), event.text)];
    case 'task.paused':
      return [
        line(tone('accent', `Paused by ${event.by}`)),
        commandLine(2, 12, 'to go on', ownCommand(context.program, 'resume', event.taskId)),
      ];
    case 'task.resumed':
      return [line(tone('accent', `Resumed by ${event.by}`))];
    case 'task.rolled_back':
      return [line(tone('accent', `Rolled back to the end of iteration ${event.toIteration}`))];
    case 'task.cancel_requested':
    case 'task.rollback_requested':
    case 'task.changed':
    case 'message.refused':
      return saidLines(event);
    default:
      throw new Error(`unknown event ${JSON.stringify(event satisfies never)}`);
  }
}

function verifiedLines(
  before: TaskView,
  event: Extract<TaskEvent, { readonly type: 'delivery.verified' }>,
): readonly Line[] {
  const said = event.passed
    ? tone('good', 'All checks hold in a fresh sandbox made from the checkpoint')
    : tone('bad', 'In a fresh sandbox made from the checkpoint the checks do not hold: not delivered');
  return [lineAt(2, said), ...checkLines(4, before, event.checks)];
}

/** Once for each attempt: a wait of hours is one line. */
function retryingLines(
  before: TaskView,
  event: Extract<TaskEvent, { readonly type: 'live.retrying' }>,
): readonly Line[] {
  const { what, attempt, error, nextAttemptAtMs } = event;
  if (before.retrying?.what === what && before.retrying.attempt === attempt) return [];
  const wait = nextAttemptAtMs === null ? '' : `; again in ${formatDuration(nextAttemptAtMs - event.atMs)}`;
  return [lineAt(2, tone('warn', '! '), `${what}, attempt ${attempt}: ${error}${wait}`)];
}
