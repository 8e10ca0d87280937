import type { TaskClient } from '../client/task-client.ts';
import type { TaskId } from '../contracts/ids.ts';
import type { Saw } from '../contracts/saw.ts';
import type { TaskState } from '../contracts/task-state.ts';
import type { Platform } from './platform.ts';
import { type Line, line, tone } from './terminal/line.ts';
import { formatUsd } from './view/format.ts';

/** Longer than a worker needs, shorter than a person notices: a message must also go out where no worker runs. */
const patienceMs = 1500;

/** The task as it is now; null when no worker answers soon. */
export async function lookAt(
  { clock }: Pick<Platform, 'clock'>,
  client: TaskClient,
  taskId: TaskId,
): Promise<TaskState | null> {
  const answered = new AbortController();
  const late = clock.after(patienceMs, answered.signal).then(() => null);
  try {
    return await Promise.race([client.state(taskId).catch(() => null), late]);
  } finally {
    answered.abort();
  }
}

/** What a message quotes of a state that was on the screen. */
export function sawOf(state: Pick<TaskState, 'iteration' | 'head'> | null): Saw | null {
  return state === null ? null : { iteration: state.iteration, head: state.head ?? null };
}

/** The state in one line, for whoever sends a message. */
export function glanceLines(state: TaskState | null): readonly Line[] {
  if (state === null)
    return [
      line(
        tone('warn', '! '),
        'no worker answers now; what is sent counts once one runs, if the task has not ended',
      ),
    ];
  const { costUsd } = state.usage;
  const spent = costUsd === null ? '' : `, ${formatUsd(costUsd)} spent`;
  return [line(tone('dim', `${state.status} at iteration ${state.iteration}${spent}`))];
}
