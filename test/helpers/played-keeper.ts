import { createServer } from 'node:http';
import { PassThrough } from 'node:stream';
import { KubeConfig } from '@kubernetes/client-node';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { LonghaulError } from '../../contracts/error.ts';
import { createCallPod } from '../../k8s/keeper-calls.ts';
import type { LeaseJobs } from '../../k8s/leases.ts';
import type { PodState } from '../../k8s/pod-state.ts';
import { readFrames, writeBytes, writeJson } from '../../sandbox/frames.ts';
import type { KeeperCall } from '../../sandbox/protocol.ts';

export const runningPod: PodState = {
  kind: 'running',
  name: 'lh-1',
  job: 'lh-job',
  uid: 'u1',
  imageId: 'sha256:1',
  address: '10.0.0.1',
  startedAtMs: 0,
};

/** One call to a keeper that a test plays. */
export interface PlayedKeeper {
  readonly call: KeeperCall;
  /** Numbered from 1. */
  readonly count: number;
  /** `after`: bytes that come after the answer. */
  readonly answer: (value?: unknown, after?: Uint8Array) => void;
  readonly sendBytes: (bytes: Uint8Array) => void;
  readonly sendTail: (tail: string) => void;
  /** Without a word, or by a failure of the exec's own. */
  readonly cut: () => void;
  readonly fail: () => void;
  /** How the command ended, in words that are no status. */
  readonly failOddly: () => void;
}

/** An API server whose execs lead to a keeper as a test plays it. */
export async function playKeeper(
  onCall: (keeper: PlayedKeeper) => void,
  {
    state = runningPod,
    limitMs = 200,
  }: { readonly state?: PodState | LonghaulError | null; readonly limitMs?: number } = {},
) {
  let calls = 0;
  const server = createServer();
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'v5.channel.k8s.io' });
  sockets.on('connection', (socket) => {
    const [fromWorker, toWorker] = [new PassThrough(), new PassThrough()];
    socket.on('message', (data: Buffer) => fromWorker.write(data.subarray(1)));
    toWorker.on('data', (bytes: Buffer) => socket.send(Buffer.concat([Buffer.of(1), bytes])));
    readFrames(fromWorker, {
      onJson: (call) => {
        calls += 1;
        onCall({
          call: call as KeeperCall,
          count: calls,
          answer(value = 'answered', after) {
            writeJson(toWorker, { type: 'done', value, bytes: after?.byteLength ?? null });
            if (after !== undefined) writeBytes(toWorker, after);
          },
          sendBytes: (bytes) => writeBytes(toWorker, bytes),
          sendTail: (tail) => writeJson(toWorker, { type: 'tail', tail, offset: tail.length }),
          // What was sent before arrives before.
          cut: () => setImmediate(() => socket.close()),
          fail: () => socket.send(Buffer.concat([Buffer.of(3), Buffer.from('{"status":"Failure"}')])),
          failOddly: () => socket.send(Buffer.concat([Buffer.of(3), Buffer.from('no JSON')])),
        });
      },
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
  const look = async () => {
    if (state instanceof LonghaulError) throw state;
    return state;
  };
  const leases = { look, exists: async () => state !== null } as unknown as LeaseJobs;
  return {
    cluster,
    connections: () => sockets.clients.size,
    call: createCallPod(cluster, 'sandboxes', leases, limitMs),
    calls: () => calls,
  };
}
