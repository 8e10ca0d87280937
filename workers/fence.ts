import { performance } from 'node:perf_hooks';
import { Context, type Info } from '@temporalio/activity';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import { LonghaulError } from '../contracts/error.ts';

/** gRPC status code, https://grpc.io/docs/guides/status-codes/ */
const notFound = 5;

/** Throws `worker.superseded` when the running activity's attempt is no longer the task's own. */
export type Fence = () => Promise<void>;

const firstSeen = new WeakMap<Context, number>();

/**
 * What stands between a worker that comes back from a long silence and the world. An attempt younger than half its heartbeat time-out cannot
 * have been given to another worker yet, and passes at once; an older one asks the server, 2 ms. Throws `server.unavailable` where that does not
 * answer: who cannot ask may not write.
 */
export const fence: Fence = async () => {
  const context = Context.current();
  const { info } = context;
  if (info.isLocal || isYoung(info, ageMs(context, info))) return;
  if (await isCurrent(context.client, info)) return;
  throw new LonghaulError(
    'worker.superseded',
    `attempt ${info.attempt} of ${info.activityType} was given to another worker while this one was silent: it does nothing more`,
  );
};

/** By the clock that the server may share and by one that nobody sets, whichever says more. */
function ageMs(context: Context, info: Info): number {
  const seen = firstSeen.get(context) ?? performance.now();
  firstSeen.set(context, seen);
  return Math.max(Date.now() - info.currentAttemptScheduledTimestampMs, performance.now() - seen);
}

/** The server counts from the attempt's start or its last heartbeat, both of which come after it was scheduled. */
export function isYoung({ heartbeatTimeoutMs = 0 }: Pick<Info, 'heartbeatTimeoutMs'>, age: number): boolean {
  return age >= 0 && age < heartbeatTimeoutMs / 2;
}

async function isCurrent(client: Client, info: Info): Promise<boolean> {
  const { workflowExecution, activityId, attempt, namespace } = info;
  if (workflowExecution === undefined) return false;
  try {
    const { pendingActivities } = await client.workflowService.describeWorkflowExecution({
      namespace,
      execution: workflowExecution,
    });
    return (
      pendingActivities?.some((one) => one.activityId === activityId && one.attempt === attempt) ?? false
    );
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === notFound) return false;
    const found = error instanceof Error ? error.message : String(error);
    throw new LonghaulError(
      'server.unavailable',
      `cannot ask the Temporal server whether this work is still this worker's: ${found}. Nothing was changed; it is tried again`,
      { cause: error },
    );
  }
}
