import { createServer } from 'node:http';
import { PassThrough } from 'node:stream';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { LeaseIdSchema } from '../../../contracts/ids.ts';
import { createCallPod } from '../../../k8s/keeper-calls.ts';
import type { LeaseJobs } from '../../../k8s/leases.ts';
import type { PodState } from '../../../k8s/pod-state.ts';
import { readFrames, writeJson } from '../../../sandbox/frames.ts';

const leaseId = LeaseIdSchema.parse('fix.1');
const running: PodState = { kind: 'running', name: 'lh-1', uid: 'u1', imageId: 'sha256:1' };
const limitMs = 200;

interface Keeper {
  readonly answer: () => void;
  /** Without a word, or by a failure of the exec's own. */
  readonly cut: () => void;
  readonly fail: () => void;
}

/** An API server whose execs lead to a keeper as a test plays it: `onCall` gets each call, numbered from 1. */
async function play(onCall: (count: number, keeper: Keeper) => void, state: PodState | null = running) {
  let calls = 0;
  const server = createServer();
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'v5.channel.k8s.io' });
  sockets.on('connection', (socket) => {
    const [fromWorker, toWorker] = [new PassThrough(), new PassThrough()];
    socket.on('message', (data: Buffer) => fromWorker.write(data.subarray(1)));
    toWorker.on('data', (bytes: Buffer) => socket.send(Buffer.concat([Buffer.of(1), bytes])));
    readFrames(fromWorker, {
      onJson: () =>
        onCall(++calls, {
          answer: () => writeJson(toWorker, { type: 'done', value: 'answered', bytes: null }),
          cut: () => socket.terminate(),
          fail: () => socket.send(Buffer.concat([Buffer.of(3), Buffer.from('{"status":"Failure"}')])),
        }),
      onBytes: () => undefined,
      onCorrupt: () => undefined,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const client of sockets.clients) client.terminate();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const cluster = new KubeConfig();
  cluster.loadFromClusterAndUser(
    { name: 'played', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: 'nobody' },
  );
  const leases = { look: async () => state, exists: async () => state !== null } as unknown as LeaseJobs;
  return { call: createCallPod(cluster, 'sandboxes', leases, limitMs), calls: () => calls };
}

test('a call is answered by the keeper of the pod', async () => {
  const { call, calls } = await play((_, keeper) => keeper.answer());
  expect(await call(leaseId, { call: 'ping' })).toEqual({ kind: 'done', value: 'answered', bytes: null });
  expect(calls()).toBe(1);
});

test.each(['cut', 'fail'] as const)(
  'a connection that ends (%s) after longer than a keeper may be out of reach costs one call more',
  async (how) => {
    const { call, calls } = await play((count, keeper) => {
      if (count > 1) keeper.answer();
      else setTimeout(keeper[how], 2 * limitMs);
    });
    expect(await call(leaseId, { call: 'ping' })).toMatchObject({ kind: 'done' });
    expect(calls()).toBe(2);
  },
);

test('a keeper that cuts every connection at once is given up, and told as out of reach', async () => {
  const { call } = await play((_, keeper) => keeper.cut());
  await expect(call(leaseId, { call: 'ping' })).rejects.toMatchObject({
    code: 'sandbox.start_failed',
    message: expect.stringContaining('the connection was cut'),
  });
});

test('a pod that has ended is dead and one that never was is absent, and neither is called', async () => {
  const ended = await play(() => undefined, { kind: 'ended', how: 'it was deleted' });
  expect(await ended.call(leaseId, { call: 'ping' })).toEqual({ kind: 'dead' });
  const none = await play(() => undefined, null);
  expect(await none.call(leaseId, { call: 'ping' })).toEqual({ kind: 'absent' });
  expect([ended.calls(), none.calls()]).toEqual([0, 0]);
});
