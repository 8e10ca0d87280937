import type { Server, Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { LonghaulError } from '../../contracts/error.ts';
import { bodyOf } from '../byte-stream.ts';
import { readFrames, writeBytes, writeJson } from '../frames.ts';
import type {
  KeeperCall,
  KeeperFault,
  KeeperFedResult,
  KeeperReply,
  KeeperStepResult,
  LeaseCall,
  PodCall,
} from '../protocol.ts';
import type { Keeper } from './keeper.ts';
import { feedOutput } from './output-feed.ts';
import type { RecordedResult } from './step-records.ts';
import type { RunningStep } from './steps.ts';

const tailIntervalMs = 1_000;

export interface Answer {
  readonly value: unknown;
  readonly bytes: Buffer | null;
}

export interface ServerDeps {
  readonly keeper: Keeper;
  /** Ends the lease and this process after the last answer. */
  readonly release: () => Promise<void>;
  readonly onCall: () => void;
}

/** Serves one lease. */
export function serveKeeper(server: Server, deps: ServerDeps): void {
  serveCalls(server, async (socket, call, stdin) => {
    deps.onCall();
    if (isForPods(call)) throw forPods(call);
    return handle(deps, socket, call, stdin);
  });
}

const podCalls: ReadonlySet<string> = new Set<PodCall['call']>([
  'make',
  'borrow',
  'receive',
  'lacks',
  'setup',
  'part',
  'prepared',
  'bring',
  'unpack',
]);

const isForPods = (call: KeeperCall): call is PodCall => podCalls.has(call.call);

function forPods({ call }: PodCall): LonghaulError {
  return new LonghaulError('internal.bug', `The keeper of a local sandbox has no call ${call}.`);
}

/** `body` is what follows a call that is served while it still arrives; empty for all others. */
export type Handle = (
  socket: Socket,
  call: KeeperCall,
  stdin: Buffer | null,
  body: Readable,
) => Promise<Answer>;

/** Takes one call from each connection and sends its answer or its fault. A caller that goes away stops nothing. */
export function serveCalls(server: Server, handleCall: Handle): void {
  server.on('connection', (socket) => {
    socket.on('error', () => socket.destroy());
    receiveCall(socket, (call, stdin, body) => {
      handleCall(socket, call, stdin, body).then(
        (answer) => {
          send(socket, { type: 'done', value: answer.value, bytes: answer.bytes?.length ?? null });
          if (answer.bytes !== null) writeBytes(socket, answer.bytes);
          socket.end();
        },
        (error: unknown) => {
          send(socket, { type: 'fault', fault: faultOf(error) });
          socket.end();
        },
      );
    });
  });
}

function receiveCall(
  socket: Socket,
  onCall: (call: KeeperCall, stdin: Buffer | null, body: Readable) => void,
): void {
  let call: KeeperCall | null = null;
  let body = bodyOf(socket, 0);
  let streams = false;
  let stdinBytes = 0;
  const stdin: Buffer[] = [];
  const deliverWhenWhole = (): void => {
    if (call === null) return;
    const wanted = 'stdinBytes' in call ? call.stdinBytes : null;
    if (wanted !== null && stdinBytes < wanted) return;
    onCall(call, wanted === null ? null : Buffer.concat(stdin), body.stream);
    call = null;
  };
  readFrames(socket, {
    onJson(value) {
      // The peer is this same program, under the same user, behind a directory that nobody else may enter.
      call = value as KeeperCall;
      streams = call.call === 'receive';
      if (call.call === 'receive') body = bodyOf(socket, call.packBytes + call.indexBytes);
      deliverWhenWhole();
    },
    onBytes(bytes) {
      if (streams) return body.take(bytes);
      stdin.push(bytes);
      stdinBytes += bytes.length;
      deliverWhenWhole();
    },
    onCorrupt: () => socket.destroy(),
  });
}

/** Sends a reply, while somebody listens. */
export function send(socket: Socket, reply: KeeperReply): void {
  if (socket.writable) writeJson(socket, reply);
}

function faultOf(error: unknown): KeeperFault {
  if (error instanceof LonghaulError) {
    return { code: error.code, message: error.message, details: error.details };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'internal.bug', message: `The sandbox's keeper failed: ${text}`, details: {} };
}

/** The calls of every keeper. */
export async function handle(
  deps: ServerDeps,
  socket: Socket,
  call: LeaseCall,
  stdin: Buffer | null,
): Promise<Answer> {
  const { keeper } = deps;
  switch (call.call) {
    case 'ping':
      return { value: null, bytes: null };
    case 'acquire':
      return await acquire(deps, socket);
    case 'exec':
      return await exec(keeper, socket, call, stdin);
    case 'cancel':
      keeper.cancel(call.stepId);
      return { value: null, bytes: null };
    case 'checkpoint': {
      const { pack, ...value } = await keeper.checkpoint(call);
      return { value, bytes: pack };
    }
    case 'restore':
      await keeper.restore(call);
      return { value: null, bytes: null };
    case 'release':
      await deps.release();
      return { value: null, bytes: null };
  }
}

async function acquire({ keeper, release }: ServerDeps, socket: Socket): Promise<Answer> {
  const stop = keeper.onProgress((progress) => send(socket, { type: 'progress', progress }));
  try {
    return { value: await keeper.ready, bytes: null };
  } catch (error) {
    // Gone before the caller knows, so that asking again starts afresh.
    await release();
    throw error;
  } finally {
    stop();
  }
}

async function exec(
  keeper: Keeper,
  socket: Socket,
  call: Extract<KeeperCall, { call: 'exec' }>,
  stdin: Buffer | null,
): Promise<Answer> {
  const { stepId } = call.step;
  const outcome = await keeper.exec(call.step, stdin);
  const feed = call.from === undefined ? null : feedOutput(socket, keeper.outputFile(stepId), call.from);
  const answer = async (result: RecordedResult, adopted: boolean): Promise<Answer> => {
    const value = { ...result, adopted } satisfies KeeperStepResult;
    if (feed === null) return { value, bytes: keeper.readOutput(stepId) };
    return { value: { ...value, fed: await feed.finish() } satisfies KeeperFedResult, bytes: null };
  };
  try {
    if (outcome.kind === 'recorded') return await answer(outcome.result, true);
    if (outcome.kind === 'lost') return await answer(lostResult(0), outcome.started);
    const ended = await showTail(socket, outcome.step);
    // Lost and not adopted would say that it never began.
    return ended.result === null
      ? await answer(lostResult(ended.durationMs), true)
      : await answer(ended.result, outcome.adopted);
  } finally {
    feed?.stop();
  }
}

/** Waits for a step's end and tells its last lines until then. */
async function showTail(
  socket: Socket,
  step: RunningStep,
): Promise<{ readonly result: RecordedResult | null; readonly durationMs: number }> {
  const startedAt = Date.now();
  let shown = '';
  const timer = setInterval(() => {
    const tail = step.tail();
    if (tail === shown) return;
    shown = tail;
    send(socket, { type: 'tail', tail, offset: step.bytes() });
  }, tailIntervalMs);
  try {
    const result = await step.done;
    return { result, durationMs: Date.now() - startedAt };
  } finally {
    clearInterval(timer);
  }
}

/** How a step ended whose sandbox died: nobody knows. */
export function lostResult(durationMs: number): RecordedResult {
  return {
    status: 'lost',
    exitCode: null,
    signal: null,
    outputLimit: false,
    memoryLimit: false,
    durationMs,
  };
}
