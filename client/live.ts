import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { EventBody } from './projection/event-body.ts';
import { firstValue } from './projection/payloads.ts';

type Pending = temporal.api.workflow.v1.IPendingActivityInfo;

/** PENDING_ACTIVITY_STATE_SCHEDULED of Temporal's API: waits for a worker. */
const scheduledState = 1;

/** What runs right now, which history does not know before it ends: from heartbeat details and pending retries. */
export async function liveEvents(client: Client, taskId: string): Promise<readonly EventBody[]> {
  const { raw } = await client.workflow.getHandle(taskId).describe();
  return (raw.pendingActivities ?? []).flatMap((pending) => liveEvent(pending, Date.now()));
}

/** Longer than a worker with a free slot needs to take an activity. */
const unclaimedMs = 3000;

/** One pending activity as it is at a moment, in milliseconds since the epoch. */
export function liveEvent(pending: Pending, nowMs: number): readonly EventBody[] {
  const what = pending.activityType?.name ?? '';
  const scheduledMs = millis(pending.scheduledTime);
  const failure = pending.lastFailure;
  if (failure && pending.attempt && pending.attempt > 1 && scheduledMs !== null && scheduledMs > nowMs) {
    const error = `${failure.applicationFailureInfo?.type ?? 'failed'}: ${failure.message ?? ''}`;
    return [{ type: 'live.retrying', what, attempt: pending.attempt, error, nextAttemptAtMs: scheduledMs }];
  }
  // Its last heartbeat is of a worker that is gone, and would look as if the work went on.
  if (pending.state === scheduledState && scheduledMs !== null) {
    if (nowMs - scheduledMs < unclaimedMs) return [];
    const doing = `no free worker: "longhaul up" starts one (${what} waits)`;
    return [{ type: 'live.running', what: doing, sinceMs: scheduledMs, tail: '' }];
  }
  const details = firstValue(pending.heartbeatDetails);
  if (typeof details !== 'object' || details === null || !('what' in details)) return [];
  const { what: doing, sinceMs, tail } = details as { what: string; sinceMs: number; tail: string };
  return [{ type: 'live.running', what: doing, sinceMs, tail }];
}

function millis(time: Pending['scheduledTime']): number | null {
  return time ? Number(time.seconds ?? 0) * 1000 + Math.floor(Number(time.nanos ?? 0) / 1e6) : null;
}
