import { execFileSync } from 'node:child_process';
import { chmodSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What commands say of themselves, outside of everything that the product keeps. */
export interface Counter {
  /** Lent to sandboxes, read-only: a pipe can be written to all the same, and nothing else can be changed. */
  readonly directory: string;
  /** A shell command that counts `word` once. */
  command(word: string): string;
  /** What was counted of a task, in order. */
  counted(task: string): readonly string[];
  close(): void;
}

/** Counts through a named pipe, so that a count outlives its sandbox. A word is written in one piece: `<task> <word>`. */
export function openCounter(): Counter {
  const directory = mkdtempSync(join(tmpdir(), 'longhaul-counter-'));
  chmodSync(directory, 0o755);
  const pipe = join(directory, 'count');
  execFileSync('mkfifo', ['-m', '666', pipe]);
  // Open for writing too: without a writer the pipe would end.
  const socket = new Socket({ fd: openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK) });
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString();
  });
  return {
    directory,
    command: (word) => `echo "$(cat .task) ${word}" > ${pipe}`,
    counted: (task) =>
      text
        .split('\n')
        .filter((line) => line.startsWith(`${task} `))
        .map((line) => line.slice(task.length + 1)),
    close() {
      socket.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
