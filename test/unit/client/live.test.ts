import { defaultPayloadConverter } from '@temporalio/common';
import { expect, test } from 'vitest';
import { liveEvent } from '../../../client/live.ts';

const nowMs = 1_000_000;
const at = (ms: number) => ({ seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 }) as never;
const beat = { what: 'npm test', sinceMs: 5, tail: 'ok 1' };
const pending = (state: 1 | 2, scheduledMs: number, more = {}) => ({
  state,
  scheduledTime: at(scheduledMs),
  activityType: { name: 'execute' },
  heartbeatDetails: { payloads: [defaultPayloadConverter.toPayload(beat)] },
  ...more,
});

test('what a worker does now is what its last heartbeat says', () => {
  expect(liveEvent(pending(2, nowMs - 60_000), nowMs)).toEqual([{ type: 'live.running', ...beat }]);
});

test('what no worker takes is said, and not the last heartbeat of one that is gone', () => {
  expect(liveEvent(pending(1, nowMs - 1000), nowMs)).toEqual([]);
  expect(liveEvent(pending(1, nowMs - 4000), nowMs)).toEqual([
    {
      type: 'live.running',
      what: 'no free worker: "longhaul up" starts one (execute waits)',
      sinceMs: nowMs - 4000,
      tail: '',
    },
  ]);
});

test('a try that waits for its time is told with its fault', () => {
  const failed = {
    attempt: 2,
    lastFailure: { message: 'busy', applicationFailureInfo: { type: 'model.rate_limited' } },
  };
  expect(liveEvent(pending(1, nowMs + 2000, failed), nowMs)).toMatchObject([
    {
      type: 'live.retrying',
      what: 'execute',
      error: 'model.rate_limited: busy',
      nextAttemptAtMs: nowMs + 2000,
    },
  ]);
});
