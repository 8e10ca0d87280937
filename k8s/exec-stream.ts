import type { RequestOptions } from 'node:https';
import { Duplex } from 'node:stream';
import type { KubeConfig } from '@kubernetes/client-node';
import WebSocket from 'ws';
import { LonghaulError } from '../contracts/error.ts';

/** The channels of v5.channel.k8s.io, https://kubernetes.io/blog/2024/08/20/websockets-transition/ */
const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3 } as const;
const defaultPingMs = 15_000;
const openLimitMs = 15_000;
const stderrLimit = 4096;

export interface ExecTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
}

/**
 * A command in a container as a stream: what is written is its standard input, what is read its standard output. It closes when the command
 * ends, and also when the connection is cut, which says nothing of the command. Errors: `server.unavailable`, see `isExecRefused`.
 */
export async function openExec(
  cluster: KubeConfig,
  target: ExecTarget,
  pingMs = defaultPingMs,
): Promise<Duplex> {
  const options: RequestOptions = {};
  await cluster.applyToHTTPSOptions(options);
  const socket = new WebSocket(addressOf(cluster, target), 'v5.channel.k8s.io', {
    ...(options as Pick<WebSocket.ClientOptions, 'headers' | 'agent' | 'ca' | 'cert' | 'key'>),
    handshakeTimeout: openLimitMs,
    perMessageDeflate: false,
    maxPayload: 64 * 1024 * 1024,
  });
  const stream = streamOf(socket, target, pingMs);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    stream.once('error', reject);
    stream.once('close', () => reject(refused(target, 'the connection was closed', 0)));
  });
  return stream;
}

function addressOf(cluster: KubeConfig, { namespace, pod, container, command }: ExecTarget): string {
  const server = cluster.getCurrentCluster()?.server ?? '';
  const url = new URL(`${server}/api/v1/namespaces/${namespace}/pods/${pod}/exec`);
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  for (const word of command) url.searchParams.append('command', word);
  for (const [name, value] of Object.entries({
    container,
    stdin: true,
    stdout: true,
    stderr: true,
    tty: false,
  }))
    url.searchParams.set(name, String(value));
  return url.href;
}

function streamOf(socket: WebSocket, target: ExecTarget, pingMs: number): Duplex {
  let said = '';
  let answered = true;
  const stream = new Duplex({
    read: () => socket.resume(),
    write(chunk: Buffer, _, done) {
      socket.send(Buffer.concat([Buffer.of(channel.stdin), chunk]), done);
    },
    destroy(error, done) {
      clearInterval(timer);
      socket.terminate();
      done(error);
    },
  });
  const timer = setInterval(() => {
    if (!answered) stream.destroy();
    else if (socket.readyState === WebSocket.OPEN) {
      answered = false;
      socket.ping();
    }
  }, pingMs);
  socket.on('pong', () => {
    answered = true;
  });
  socket.on('message', (data: Buffer) => {
    const bytes = data.subarray(1);
    if (data[0] === channel.stdout && !stream.push(bytes)) socket.pause();
    if (data[0] === channel.stderr) said = (said + bytes.toString('utf8')).slice(-stderrLimit);
    if (data[0] === channel.error) end(bytes);
  });
  const end = (status: Buffer): void => {
    const failure = failureOf(status);
    if (failure === null) stream.push(null);
    else stream.destroy(refused(target, `${failure} ${said}`.trim(), 500));
  };
  socket.on('unexpected-response', (_, response) => {
    stream.destroy(refused(target, `HTTP ${response.statusCode}`, response.statusCode ?? 0));
  });
  socket.on('error', (error) => {
    stream.destroy(refused(target, error.message, 0));
  });
  socket.on('close', () => stream.destroy());
  return stream;
}

/** The command's end as `metav1.Status`; null for exit code 0. */
function failureOf(status: Buffer): string | null {
  const text = status.toString('utf8');
  try {
    const parsed = JSON.parse(text) as { readonly status?: string; readonly message?: string };
    return parsed.status === 'Success' ? null : (parsed.message ?? 'it ended');
  } catch {
    // In a listener of a socket: thrown, it would end the process.
    return text;
  }
}

/** The connection's own word, in the details: a keeper's fault has no `exec`. */
function refused({ namespace, pod, container }: ExecTarget, found: string, status: number): LonghaulError {
  return new LonghaulError(
    'server.unavailable',
    `The cluster did not let container ${container} of pod ${namespace}/${pod} be entered: ${found}`,
    { details: { exec: true, status } },
  );
}

/** Whether an error says that a container could not be entered, whatever the reason. */
export function isExecRefused(error: unknown): error is LonghaulError {
  return error instanceof LonghaulError && error.details['exec'] === true;
}
