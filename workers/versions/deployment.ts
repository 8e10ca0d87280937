import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import { LonghaulError } from '../../contracts/error.ts';
import type { Poller } from './served-builds.ts';

/** The versions of one task queue's workers, as Temporal keeps them: a worker deployment. */
export interface Deployment {
  readonly client: Client;
  readonly taskQueue: string;
}

export interface Routing {
  /** Takes new tasks, and those that continue as new. */
  readonly currentBuild: string | null;
  readonly pollers: readonly Poller[];
}

// gRPC status codes, https://grpc.io/docs/guides/status-codes/
const deadlineExceeded = 4;
const notFound = 5;
const failedPrecondition = 9;
const unavailable = 14;
const workflowQueue = 1;
const registeredWithinMs = 30_000;

/** The queue's name; Temporal takes no dot and no colon in that of a deployment. */
export function deploymentName(taskQueue: string): string {
  if (!/[.:]|^__/.test(taskQueue)) return taskQueue;
  const digest = createHash('sha256').update(taskQueue).digest('hex').slice(0, 8);
  return `${taskQueue.replaceAll(/[.:]|^__/g, '-')}-${digest}`;
}

/** Throws `version.unsupported` where the server does not say, `server.unavailable` where it does not answer; as do all of these calls. */
export async function routing({ client, taskQueue }: Deployment): Promise<Routing> {
  const described = await client.workflowService
    .describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: workflowQueue,
    })
    .catch((error: unknown) => {
      throw versionFault('asking for the versions of', taskQueue, error);
    });
  const current = described.versioningInfo?.currentDeploymentVersion;
  const own = current?.deploymentName === deploymentName(taskQueue);
  return {
    currentBuild: own ? (current?.buildId ?? null) : null,
    pollers: (described.pollers ?? []).map((poller) => ({
      buildId: poller.deploymentOptions?.buildId ?? null,
      identity: poller.identity ?? '',
      lastSeenMs: Number(poller.lastAccessTime?.seconds ?? 0) * 1000,
    })),
  };
}

/** Whether a build was current before: starting it again is a way back. */
export async function wasCurrent(deployment: Deployment, buildId: string): Promise<boolean> {
  const { client, taskQueue } = deployment;
  const version = { deploymentName: deploymentName(taskQueue), buildId };
  try {
    const found = await client.workflowService.describeWorkerDeploymentVersion({
      namespace: client.options.namespace,
      deploymentVersion: version,
    });
    return (found.workerDeploymentVersionInfo?.firstActivationTime ?? null) !== null;
  } catch (error) {
    if (codeOf(error) === notFound) return false;
    throw versionFault('asking for a version of', taskQueue, error);
  }
}

/** Makes a build current once the server has seen its worker poll. Twice is once. Throws `version.unsupported`. */
export async function makeCurrent({ client, taskQueue }: Deployment, buildId: string): Promise<void> {
  const deadline = Date.now() + registeredWithinMs;
  for (;;) {
    try {
      await client.workflowService.setWorkerDeploymentCurrentVersion({
        namespace: client.options.namespace,
        deploymentName: deploymentName(taskQueue),
        buildId,
        identity: client.options.identity,
      });
      return;
    } catch (error) {
      // The first polls of a version make it known, a moment after they have begun.
      const early = [notFound, failedPrecondition].includes(codeOf(error) ?? -1);
      if (!early || Date.now() > deadline)
        throw versionFault('making a version current for', taskQueue, error);
    }
    await delay(25);
  }
}

/** Moves a running task to a build, until it is moved again or let go; null lets it go. Twice is once, and one that has ended needs nothing. */
export async function pin(
  { client, taskQueue }: Deployment,
  taskId: string,
  buildId: string | null,
): Promise<void> {
  const version = { deploymentName: deploymentName(taskQueue), buildId: buildId ?? '' };
  try {
    await client.workflowService.updateWorkflowExecutionOptions({
      namespace: client.options.namespace,
      workflowExecution: { workflowId: taskId },
      updateMask: { paths: ['versioning_override'] },
      workflowExecutionOptions:
        buildId === null ? {} : { versioningOverride: { pinned: { behavior: 1, version } } },
    });
  } catch (error) {
    if (codeOf(error) !== notFound) throw versionFault('moving a task between', taskQueue, error);
  }
}

function codeOf(error: unknown): number | undefined {
  return grpcOf(error)?.code;
}

/** The client's own calls wrap what the server has said. */
function grpcOf(error: unknown) {
  const said = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
  return isGrpcServiceError(said) ? said : undefined;
}

/** What the server said to a call about versions: `server.unavailable` where nobody answers, else `version.unsupported`. */
export function versionFault(what: string, taskQueue: string, error: unknown): LonghaulError {
  const said = grpcOf(error);
  // A worker's connection leaves `details` empty and says it in the message.
  const found = said === undefined ? String(error) : said.details || said.message;
  if ([unavailable, deadlineExceeded].includes(codeOf(error) ?? -1)) {
    return new LonghaulError(
      'server.unavailable',
      `The Temporal server did not answer when ${what} the workers of the task queue ${taskQueue} was asked for: ${found}. See "longhaul doctor".`,
      { cause: error },
    );
  }
  return new LonghaulError(
    'version.unsupported',
    `The Temporal server refused ${what} the workers of the task queue ${taskQueue}: ${found}. It has to be 1.31 or newer, with worker deployments on and this worker's login allowed to write. Where that cannot be had, set LONGHAUL_WORKER_VERSIONING=off: an upgrade then reaches running tasks at once.`,
    { cause: error },
  );
}
