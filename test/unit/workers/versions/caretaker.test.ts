import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startCaretaker } from '../../../../workers/versions/caretaker.ts';
import type { Settling } from '../../../../workers/versions/settle.ts';

const [own, other] = ['0.1.0-own', '0.2.0-other'];
const everyMs = 1_000;
const queue = 'longhaul-q';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const grpc = (code: number, details: string): Error =>
  Object.assign(new Error(`${code} ${details}`), { code, details, metadata: {} });

/** A server on which another version has taken over, and what it is asked. */
function fakeServer(tasks: Set<string>) {
  const server = { looks: 0, refusal: null as Error | null };
  const running = { code: 1 };
  const workflowService = {
    async describeTaskQueue() {
      server.looks += 1;
      if (server.refusal !== null) throw server.refusal;
      const currentDeploymentVersion = { deploymentName: queue, buildId: other };
      return { versioningInfo: { currentDeploymentVersion }, pollers: [] };
    },
  };
  const workflow = {
    async *list() {
      for (const workflowId of [...tasks]) yield { workflowId, runId: 'run', status: running };
    },
    getHandle: () => ({
      describe: async () => {
        const versioningInfo = { behavior: 1, deploymentVersion: { buildId: own } };
        return { raw: { workflowExecutionInfo: { status: running.code, versioningInfo } } };
      },
    }),
  };
  const client = { options: { namespace: 'default' }, workflowService, workflow };
  return { server, client: client as unknown as Client };
}

function settlingOn(client: Client, said: string[]): Settling {
  return {
    deployment: { client, taskQueue: queue },
    build: { buildId: own, codePath: '/none.js' },
    chosen: false,
    leave: [],
    stuckRuns: new Set(),
    witness: async () => ({
      nowMs: Date.now(),
      identity: 'me',
      host: 'here',
      localBuilds: [other],
      isRunning: () => false,
    }),
    report: (text) => said.push(text),
  };
}

test('a version that was replaced is done when the last of its tasks is gone, not before, and once', async () => {
  const tasks = new Set(['one', 'two']);
  const { server, client } = fakeServer(tasks);
  let done = 0;
  const onDone = () => {
    done += 1;
  };
  const stop = startCaretaker(settlingOn(client, []), { everyMs, onDone });
  await vi.advanceTimersByTimeAsync(2 * everyMs);
  tasks.delete('one');
  await vi.advanceTimersByTimeAsync(2 * everyMs);
  expect([server.looks, done]).toEqual([4, 0]);
  tasks.delete('two');
  await vi.advanceTimersByTimeAsync(5 * everyMs);
  expect([server.looks, done]).toEqual([5, 1]);
  await stop();
});

test('a worker that is to stay goes on looking', async () => {
  const { server, client } = fakeServer(new Set());
  const stop = startCaretaker(settlingOn(client, []), { everyMs, onDone: null });
  await vi.advanceTimersByTimeAsync(3 * everyMs);
  expect(server.looks).toBe(3);
  await stop();
  await vi.advanceTimersByTimeAsync(3 * everyMs);
  expect(server.looks).toBe(3);
});

test.each([
  [7, 'Request unauthorized.', /^version\.unsupported: .*Request unauthorized\..*LONGHAUL_WORKER_VERSIONING/],
  [14, 'connection refused', /^server\.unavailable: .*connection refused/],
])(
  'a look that the server refuses (%i %s) is told once, ends nothing, and the next one is made',
  async (code, details, told) => {
    const tasks = new Set<string>();
    const { server, client } = fakeServer(tasks);
    const said: string[] = [];
    let done = 0;
    const onDone = () => {
      done += 1;
    };
    server.refusal = grpc(code, details);
    const stop = startCaretaker(settlingOn(client, said), { everyMs, onDone });
    await vi.advanceTimersByTimeAsync(3 * everyMs);
    expect(said).toEqual([expect.stringMatching(told)]);
    expect(done).toBe(0);
    server.refusal = null;
    await vi.advanceTimersByTimeAsync(everyMs);
    expect(done).toBe(1);
    await stop();
  },
);
