import type { temporal } from '@temporalio/proto';
import { workflowType } from '../../contracts/words/messages.ts';
import { type Deployment, versionFault } from './deployment.ts';

export interface RunningTask {
  readonly taskId: string;
  readonly runId: string;
  /** The build whose workers alone get its work; null for a task that any worker of the current version gets. */
  readonly build: string | null;
  /** Whether it was moved there and has worked there since: it no longer needs to be held. */
  readonly settled: boolean;
}

// VersioningBehavior of Temporal's API.
const pinnedBehavior = 1;

type VersioningInfo = temporal.api.workflow.v1.IWorkflowExecutionVersioningInfo;

/**
 * The running tasks of a queue that are not simply on `exceptBuild`, from visibility, which may lag behind by a second.
 * Throws `version.unsupported`, `server.unavailable`.
 */
export async function runningTasks(
  deployment: Deployment,
  exceptBuild: string | null,
): Promise<readonly RunningTask[]> {
  const { client, taskQueue } = deployment;
  const query = [
    `WorkflowType = '${workflowType}'`,
    `ExecutionStatus = 'Running'`,
    `TaskQueue = '${taskQueue.replaceAll("'", "\\'")}'`,
  ].join(' AND ');
  const tasks: RunningTask[] = [];
  try {
    for await (const listed of client.workflow.list({ query })) {
      const { raw } = await client.workflow.getHandle(listed.workflowId).describe();
      const info = raw.workflowExecutionInfo;
      if (info?.status !== listed.status.code) continue;
      const task = taskOf(
        listed.workflowId,
        info.execution?.runId ?? listed.runId,
        info.versioningInfo ?? {},
      );
      if (task.build !== exceptBuild || task.settled) tasks.push(task);
    }
  } catch (error) {
    throw versionFault('listing the tasks of', taskQueue, error);
  }
  return tasks;
}

function taskOf(taskId: string, runId: string, info: VersioningInfo): RunningTask {
  const moved = info.versioningOverride?.pinned?.version?.buildId ?? null;
  const worked = info.behavior === pinnedBehavior ? (info.deploymentVersion?.buildId ?? null) : null;
  return { taskId, runId, build: moved ?? worked, settled: moved !== null && moved === worked };
}
