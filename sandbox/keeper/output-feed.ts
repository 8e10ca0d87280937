import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { writeBytes } from '../frames.ts';
import { errnoOf } from '../lease-files.ts';
import type { FedOutput } from '../protocol.ts';

const intervalMs = 200;
/** A connection that is cut costs at most one piece: the reader keeps whole ones. */
const pieceBytes = 256 * 1024;

export interface OutputFeed {
  /** Sends what is left and says what the whole is. The file must have its end. */
  finish(): Promise<FedOutput>;
  stop(): void;
}

/** Sends a step's output from a byte on while it is written, no faster than it is read: what waits is in the file, not in memory. */
export function feedOutput(socket: Duplex, file: string, from: number): OutputFeed {
  let sent = from;
  let sending: Promise<void> | null = null;
  const sendNew = async (): Promise<void> => {
    await eachPiece(file, sent, async (piece) => {
      writeBytes(socket, piece);
      sent += piece.byteLength;
      return await isReadyForMore(socket);
    });
  };
  const timer = setInterval(() => {
    // A file that cannot be read shows at the end, where it has a caller.
    sending ??= sendNew()
      .catch(() => undefined)
      .finally(() => {
        sending = null;
      });
  }, intervalMs);
  return {
    async finish() {
      clearInterval(timer);
      await sending;
      await sendNew();
      return await wholeOf(file);
    },
    stop: () => clearInterval(timer),
  };
}

async function wholeOf(file: string): Promise<FedOutput> {
  const hash = createHash('sha256');
  let bytes = 0;
  await eachPiece(file, 0, (piece) => {
    hash.update(piece);
    bytes += piece.byteLength;
    return true;
  });
  return { bytes, sha256: hash.digest('hex') };
}

/** Reads a file to its present end; none is as an empty one. The callback owns its piece, and says whether to go on. */
async function eachPiece(
  file: string,
  from: number,
  onPiece: (piece: Buffer) => boolean | Promise<boolean>,
): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    for (let at = from; ; ) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, at);
      if (bytesRead === 0 || !(await onPiece(buffer.subarray(0, bytesRead)))) return;
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

async function isReadyForMore(socket: Duplex): Promise<boolean> {
  if (!socket.writableNeedDrain) return socket.writable;
  const given = new AbortController();
  const { signal } = given;
  try {
    await Promise.race([once(socket, 'drain', { signal }), once(socket, 'close', { signal })]);
  } catch {
    // It had an error, and closes.
  } finally {
    given.abort();
  }
  return socket.writable;
}
