import type { LeaseMode } from '../contracts/activities.ts';
import { faultText } from './fault.ts';
import { releaseSandboxes } from './stages.ts';
import type { Task } from './task.ts';

/** Ends the task's sandbox between two iterations. One that cannot be given back now is given back at the task's end; the task goes on in the next one. */
export async function giveSandboxBack(task: Task): Promise<void> {
  try {
    await releaseSandboxes({ taskId: task.state.taskId });
  } catch (error) {
    if (faultText(error) === undefined) throw error;
  }
  task.apply({ type: 'sandboxes_released' });
}

/** Gives the sandbox back where a task keeps it for an iteration, or for its run, which ends now. */
export async function endLease(task: Task, mode: LeaseMode): Promise<void> {
  if (task.state.leaseMode === mode) await giveSandboxBack(task);
}
