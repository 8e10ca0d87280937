import type { TaskClient } from '../../client/task-client.ts';
import type { TaskId } from '../../contracts/ids.ts';
import type { Saw } from '../../contracts/saw.ts';
import type { TaskState } from '../../contracts/task-state.ts';
import { glanceLines, lookAt, sawOf } from '../look-at.ts';
import type { Platform } from '../platform.ts';
import type { Line } from '../terminal/line.ts';
import { printJson, printLines, withTask } from './define-verb.ts';

export interface LookedAt {
  readonly client: TaskClient;
  readonly taskId: TaskId;
  /** Null when no worker answers soon. */
  readonly state: TaskState | null;
  /** What the message quotes of it. */
  readonly saw: Saw | null;
}

/** What came of a message: for programs, and for people. */
export interface Told {
  readonly json: object;
  readonly lines: readonly Line[];
}

/** Shows where a task is, tells it something, and shows what came of that. */
export async function tellTask(
  platform: Platform,
  task: string,
  { json }: { readonly json: boolean },
  tell: (task: LookedAt) => Promise<Told>,
): Promise<void> {
  await withTask(platform, task, async (client, taskId) => {
    const state = await lookAt(platform, client, taskId);
    if (!json) await printLines(platform, glanceLines(state));
    const told = await tell({ client, taskId, state, saw: sawOf(state) });
    return json ? printJson(platform, told.json) : printLines(platform, told.lines);
  });
}
