import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a step's output may go on after its main process, while a process that it left behind holds the pipe. */
const drainQuietMs = 30;
const drainLimitMs = 500;

export const tailBytes = 4096;

export interface StepOutput {
  /** The last bytes so far, at most 4 KiB. */
  tail(): string;
  bytes(): number;
  /** Adds a line of the keeper's own. */
  note(text: string): void;
  /** Waits for what was written before the main process ended, then makes the file durable. Later output goes nowhere. */
  finish(): Promise<void>;
}

/**
 * Drains a step's pipe into a file that the sandbox cannot see. `onFault` is called once: `limit` at `maxBytes`, or the error of a write
 * that failed. Never stops reading: a process that is left behind must neither block nor die of a closed pipe.
 */
export function createStepOutput(input: {
  readonly fd: number;
  readonly file: string;
  readonly maxBytes: number;
  readonly onFault: (fault: 'limit' | Error) => void;
}): StepOutput {
  const file = openSync(input.file, 'w', 0o600);
  const socket = new Socket({ fd: input.fd, readable: true, writable: false });
  let written = 0;
  let lastDataAt = 0;
  let keeping = true;
  let ended = false;
  let tail: Buffer = Buffer.alloc(0);

  const keep = (chunk: Buffer): void => {
    const room = chunk.subarray(0, Math.max(0, input.maxBytes - written));
    try {
      let offset = 0;
      while (offset < room.length) offset += writeSync(file, room, offset);
    } catch (error) {
      keeping = false;
      input.onFault(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    written += room.length;
    tail = Buffer.from(Buffer.concat([tail, room]).subarray(-tailBytes));
    if (room.length === chunk.length) return;
    keeping = false;
    input.onFault('limit');
  };

  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      ended = true;
      resolve();
    });
  });
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    lastDataAt = Date.now();
    if (!keeping) return;
    keep(chunk);
  });

  return {
    tail: () => tail.toString('utf8'),
    bytes: () => written,
    note(text) {
      if (keeping) keep(Buffer.from(text));
    },
    async finish() {
      const start = Date.now();
      lastDataAt = start;
      while (!ended && Date.now() - lastDataAt < drainQuietMs && Date.now() - start < drainLimitMs) {
        await Promise.race([closed, delay(drainQuietMs)]);
      }
      keeping = false;
      // A result that outlives a power loss must not tell of an output that does not.
      if (written > 0) fsyncSync(file);
      closeSync(file);
    },
  };
}
