import type { WorkflowInfo } from '@temporalio/workflow';
import type { TaskState } from '../contracts/task-state.ts';

/** Far below the server's limits of history also where it never suggests anything. */
const iterationsPerRun = 100;

/**
 * Whether the next iteration belongs to a new run of the workflow: so that no history grows without end, and so that a task moves to a
 * new version of the worker. The latter after one iteration at the earliest: where a new run cannot move, it must not beget the next at once.
 */
export function newRunDue(
  { iterationsThisRun }: Pick<TaskState, 'iterationsThisRun'>,
  server: Pick<WorkflowInfo, 'continueAsNewSuggested' | 'targetWorkerDeploymentVersionChanged'>,
): boolean {
  const newVersion = server.targetWorkerDeploymentVersionChanged && iterationsThisRun > 0;
  return server.continueAsNewSuggested || newVersion || iterationsThisRun >= iterationsPerRun;
}
