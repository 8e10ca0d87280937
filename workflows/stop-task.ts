import { isCancellation } from '@temporalio/workflow';
import type { TaskState } from '../contracts/task-state.ts';
import type { Task } from './task.ts';

/** Ends the task without a delivery, from wherever it is. */
export class StopTask extends Error {
  readonly status: 'stopped' | 'failed' | 'cancelled';

  constructor(status: 'stopped' | 'failed' | 'cancelled', reason: string) {
    super(reason);
    this.name = 'StopTask';
    this.status = status;
  }
}

/** Whether an error is one of the ways in which people end a task, and no bug. */
export function endsTask(error: unknown): boolean {
  return error instanceof StopTask || isCancellation(error);
}

/** Ends the task here when a person wants it to end once what ran is done. */
export function endIfAsked({ state }: Pick<Task, 'state'>): void {
  if (state.ending !== null) throw new StopTask('cancelled', cancelReason(state));
}

/** Who cancelled, and how. Without one of ours it was Temporal's own cancellation, which names nobody. */
export function cancelReason({ ending }: Pick<TaskState, 'ending'>): string {
  if (ending === null) return 'cancelled by a person';
  const how = ending.mode === 'now' ? 'at once' : 'once what ran was finished and recorded';
  return `cancelled by ${ending.by}, ${how}`;
}
