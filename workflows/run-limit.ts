import type { TaskState } from '../contracts/task-state.ts';

/** Far below the server's limits of history also where it never suggests anything. */
const iterationsPerRun = 100;

/** Whether the next iteration belongs to a new run of the workflow, so that no history grows without end. */
export function newRunDue(
  { iterationsThisRun }: Pick<TaskState, 'iterationsThisRun'>,
  suggestedByServer: boolean,
): boolean {
  return suggestedByServer || iterationsThisRun >= iterationsPerRun;
}
