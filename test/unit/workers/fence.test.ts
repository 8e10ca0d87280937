import type { Info } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import { fence, isYoung } from '../../../workers/fence.ts';
import { quiet } from '../../helpers/task-fixture.ts';

interface Answer {
  readonly pendingActivities: readonly { readonly activityId: string; readonly attempt: number }[];
}

const heartbeatTimeoutMs = 4_000;

/** Passes the fence as attempt 2 of activity 7, that many milliseconds after it was scheduled; gives how often the server was asked. */
async function pass(agedMs: number, answer: () => Answer, more: Partial<Info> = {}): Promise<number> {
  let asked = 0;
  const workflowService = {
    describeWorkflowExecution: async () => {
      asked += 1;
      return answer();
    },
  };
  const info: Partial<Info> = {
    activityId: '7',
    attempt: 2,
    heartbeatTimeoutMs,
    isLocal: false,
    workflowExecution: { workflowId: 'task', runId: 'run' },
    currentAttemptScheduledTimestampMs: Date.now() - agedMs,
    ...more,
  };
  const withAbortSignal = (_: AbortSignal, run: () => unknown) => run();
  const client = { workflowService, withAbortSignal } as unknown as Client;
  await new MockActivityEnvironment(info, { client, logger: quiet }).run(fence);
  return asked;
}

const pending = (activityId: string, attempt: number) => (): Answer => ({
  pendingActivities: [
    { activityId: '6', attempt: 2 },
    { activityId, attempt },
  ],
});
const failing = (error: Error) => (): Answer => {
  throw error;
};
const grpc = (code: number): Error =>
  Object.assign(new Error(`code ${code}`), { code, details: `code ${code}`, metadata: {} });

describe('the fence', () => {
  test('lets a young attempt pass without asking', async () => {
    expect(await pass(500, failing(new Error('not to be asked')))).toBe(0);
  });

  test('lets an old attempt pass that the server still counts on', async () => {
    expect(await pass(60_000, pending('7', 2))).toBe(1);
  });

  test.each([
    ['another attempt is the one that counts', pending('7', 3)],
    ['the activity has ended', pending('8', 2)],
    ['the task has ended', () => ({ pendingActivities: [] })],
    ['the task is not known any more', failing(grpc(5))],
  ])('stops an old attempt where %s', async (_, answer) => {
    await expect(pass(60_000, answer)).rejects.toMatchObject({ code: 'worker.superseded' });
  });

  test('stops an old attempt that cannot ask, as a fault that passes', async () => {
    await expect(pass(60_000, failing(grpc(14)))).rejects.toMatchObject({
      code: 'server.unavailable',
      retryable: true,
    });
  });

  test('is not for local activities, which only store artifacts', async () => {
    expect(await pass(60_000, failing(new Error('not to be asked')), { isLocal: true })).toBe(0);
  });

  test('asks from half the heartbeat time-out on, and always without one', () => {
    expect(isYoung({ heartbeatTimeoutMs }, 1_999)).toBe(true);
    expect(isYoung({ heartbeatTimeoutMs }, 2_000)).toBe(false);
    expect(isYoung({}, 0)).toBe(false);
  });
});
