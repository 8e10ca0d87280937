import type { TaskId } from '../contracts/ids.ts';

/** The branch that a task delivers. */
export function branchOf(taskId: TaskId): string {
  return `longhaul/${taskId}`;
}
