import { closeSync, constants, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { LonghaulError } from '../contracts/error.ts';
import { diskFull } from '../sandbox/keeper/git.ts';
import { errnoOf } from '../sandbox/lease-files.ts';

/** What has left a pod of a step's output, in a file on the worker's side: it is there after the pod, and after this worker. */
export interface KeptOutput {
  /** How much is here: output from this byte on is what is to be asked for. */
  offset(): number;
  /** Throws `sandbox.disk_full`. What was removed in the meantime, with its lease, stays away. */
  append(bytes: Buffer): void;
  /** Forgets what is here, which is not what the step wrote. */
  discard(): void;
  /** The whole, in memory; empty when there is none. */
  read(): Buffer;
  close(): void;
}

/** Two that follow one step write the same bytes to the same places. */
export function keepOutput(file: string, maxBytes: number): KeptOutput {
  let fd: number | null = null;
  let offset = sizeOf(file);
  const opened = (): number => {
    // Not truncated, since another worker may be writing; not for appending, since that knows no positions.
    fd ??= openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
    return fd;
  };
  return {
    offset: () => offset,
    append(bytes) {
      if (offset + bytes.byteLength > maxBytes) throw tooMuch(file, maxBytes);
      try {
        writeWhole(opened(), bytes, offset);
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return;
        throw full.has(errnoOf(error)) ? diskFull(file) : error;
      }
      offset += bytes.byteLength;
    },
    discard() {
      if (offset > 0) ftruncateSync(opened(), 0);
      offset = 0;
    },
    read: () => (offset === 0 ? Buffer.alloc(0) : readWhole(opened(), offset)),
    close() {
      if (fd !== null) closeSync(fd);
      fd = null;
    },
  };
}

const full = new Set<string | undefined>(['ENOSPC', 'EDQUOT']);

function writeWhole(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.byteLength; )
    done += writeSync(fd, bytes, done, bytes.byteLength - done, position + done);
}

function readWhole(fd: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let done = 0;
  for (let read = -1; read !== 0; done += read) read = readSync(fd, bytes, done, length - done, done);
  return bytes.subarray(0, done);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function tooMuch(file: string, maxBytes: number): LonghaulError {
  return new LonghaulError(
    'sandbox.lost',
    `A pod sent more output than a step may write (${maxBytes} bytes, to ${file}): its keeper is not to be trusted any more. Acquire the next lease and restore the last checkpoint.`,
  );
}
