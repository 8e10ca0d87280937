import type { TaskState } from '../contracts/task-state.ts';

/** Why no action of this iteration is worth running any more; null otherwise. */
export function overtakenBy({ ending, rollbackTo }: TaskState): string | null {
  if (ending !== null) return `not run: ${ending.by} cancelled the task before its turn came`;
  if (rollbackTo === null) return null;
  return `not run: the workspace goes back to the end of iteration ${rollbackTo}`;
}
