import { closeSync, constants, openSync } from 'node:fs';
import { connect } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { LonghaulError } from '../contracts/error.ts';
import type { SetupProgress } from '../contracts/sandbox.ts';
import { sendStream } from './byte-stream.ts';
import { readFrames, writeBytes, writeJson } from './frames.ts';
import { errnoOf, leaseFile } from './lease-files.ts';
import type { KeeperCall, KeeperReply } from './protocol.ts';

export interface CallOptions {
  readonly stdin?: Uint8Array;
  /** What follows the call, made anew for each try; instead of `stdin`. */
  readonly body?: () => Readable;
  /** Ends the waiting, not what is waited for. */
  readonly signal?: AbortSignal;
  /** How long a keeper may take before it counts as `silent`; as long as it likes when left out. */
  readonly limitMs?: number;
  readonly onProgress?: (progress: SetupProgress) => void;
  /** `offset`: how much output there is so far; null from a keeper that does not say. */
  readonly onTail?: (tail: string, offset: number | null) => void;
  /** Bytes that come before the answer. Throwing ends the call with that error. */
  readonly onBytes?: (bytes: Buffer) => void;
}

export type CallOutcome =
  | { readonly kind: 'done'; readonly value: unknown; readonly bytes: Buffer | null }
  /** No keeper listens: `absent` when none has ever, `dead` when it is no more or died under the call. */
  | { readonly kind: 'absent' | 'dead' }
  /** One listens and has not answered within the limit: stopped, or busy. */
  | { readonly kind: 'silent' };

/**
 * One call to the keeper of a lease. Throws the keeper's own `LonghaulError`, or the signal's reason once that is aborted. A call
 * whose keeper dies may or may not have had its effect.
 */
export async function callKeeper(
  leaseDirectory: string,
  call: KeeperCall,
  options: CallOptions = {},
): Promise<CallOutcome> {
  options.signal?.throwIfAborted();
  let directory: number;
  try {
    directory = openSync(leaseDirectory, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { kind: 'absent' };
    throw error;
  }
  try {
    // Socket addresses hold 108 bytes: by way of the open directory the name is short, wherever the lease lies.
    const socket = connect(`/proc/self/fd/${directory}/${leaseFile.socket}`);
    return await converse(socket, call, options);
  } finally {
    closeSync(directory);
  }
}

/** Errors of a connection that tell of the keeper; any other is a fault of this machine. */
const missing: Readonly<Record<string, 'absent' | 'dead' | 'silent'>> = {
  ENOENT: 'absent',
  // connect(2) of a Unix socket: the callers that a stopped keeper has not taken yet fill its queue.
  EAGAIN: 'silent',
  ECONNREFUSED: 'dead',
  ECONNRESET: 'dead',
  EPIPE: 'dead',
};

/** One call over a stream that leads to a keeper and carries nothing else; destroyed when the call ends. */
export function converse(socket: Duplex, call: KeeperCall, options: CallOptions): Promise<CallOutcome> {
  return new Promise((resolve, reject) => {
    let done: { value: unknown; bytes: number | null } | null = null;
    const chunks: Buffer[] = [];
    let received = 0;
    let settled = false;

    const { limitMs } = options;
    const limit =
      limitMs === undefined
        ? undefined
        : setTimeout(() => settle(() => resolve({ kind: 'silent' })), limitMs);
    const onAbort = (): void => settle(() => reject(options.signal?.reason));
    const settle = (how: () => void): void => {
      settled = true;
      clearTimeout(limit);
      options.signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      how();
    };
    const fail = (error: Error): void => settle(() => reject(error));
    const finishWhenWhole = (): void => {
      if (done === null || received < (done.bytes ?? 0)) return;
      const { value, bytes } = done;
      settle(() => resolve({ kind: 'done', value, bytes: bytes === null ? null : Buffer.concat(chunks) }));
    };
    const takeEarly = (take: (bytes: Buffer) => void, bytes: Buffer): void => {
      if (settled) return;
      try {
        take(bytes);
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onReply = (reply: KeeperReply): void => {
      switch (reply.type) {
        case 'progress':
          options.onProgress?.(reply.progress);
          break;
        case 'tail':
          options.onTail?.(reply.tail, reply.offset ?? null);
          break;
        case 'fault':
          fail(new LonghaulError(reply.fault.code, reply.fault.message, { details: reply.fault.details }));
          break;
        case 'done':
          done = reply;
          finishWhenWhole();
          break;
      }
    };

    options.signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => {
      const kind = missing[errnoOf(error) ?? ''];
      settle(() => (kind === undefined ? reject(error) : resolve({ kind })));
    });
    socket.on('close', () => settle(() => resolve({ kind: 'dead' })));
    readFrames(socket, {
      // The peer is this same program, under the same user, behind a directory that nobody else may enter.
      onJson: (value) => onReply(value as KeeperReply),
      onBytes(bytes) {
        if (done === null && options.onBytes !== undefined) {
          takeEarly(options.onBytes, bytes);
          return;
        }
        chunks.push(bytes);
        received += bytes.length;
        finishWhenWhole();
      },
      onCorrupt: (reason) => settle(() => reject(new Error(`The keeper's answer cannot be read: ${reason}`))),
    });
    writeJson(socket, call);
    if (options.stdin !== undefined) writeBytes(socket, options.stdin);
    if (options.body !== undefined) sendStream(socket, options.body()).catch(fail);
  });
}
