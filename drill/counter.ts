import { execFileSync } from 'node:child_process';
import { chmodSync, constants, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Counts what begins in the sandboxes of one run, outside of everything that Longhaul writes down. */
export interface Counter {
  /** The directory to lend to sandboxes. */
  readonly directory: string;
  /** The id of each step that began, in order, as often as it began. */
  readonly begun: readonly string[];
  close(): void;
}

/**
 * A program named `sh`, first on PATH inside the sandbox, which the step runner starts once for each step: it writes the step's id into a pipe
 * that only the drill reads, and becomes the real `sh`. The command's own text, arguments and working directory stay as they are. A
 * pipe takes a line also where the directory is mounted read-only, and nothing can be read back or taken away.
 */
export function openCounter(directory: string, onBegun: (stepId: string) => void): Counter {
  const bin = join(directory, 'bin');
  const pipe = join(directory, 'begun');
  mkdirSync(bin, { recursive: true, mode: 0o755 });
  execFileSync('mkfifo', [pipe], { stdio: 'ignore' });
  chmodSync(pipe, 0o666);
  writeFileSync(join(bin, 'sh'), countingShell(pipe));
  chmodSync(join(bin, 'sh'), 0o755);
  const begun: string[] = [];
  const reader = openReader(pipe);
  createInterface({ input: reader }).on('line', (stepId) => {
    begun.push(stepId);
    onBegun(stepId);
  });
  return { directory, begun, close: () => void reader.destroy() };
}

/** Opened for both directions: there is always a writer, so that the end of a step is no end of the pipe. */
function openReader(pipe: string): Socket {
  const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

/** The runner alone starts a script of its control directory; a command's own use of `sh` passes through uncounted. */
function countingShell(pipe: string): string {
  return [
    '#!/bin/sh',
    'case $1 in',
    `/run/longhaul/control/*.sh) printf '%s\\n' "$LONGHAUL_STEP_ID" 1<>'${pipe.replaceAll("'", "'\\''")}' ;;`,
    'esac',
    'exec /bin/sh "$@"',
    '',
  ].join('\n');
}
