import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TaskEvent } from '../../contracts/task-event.ts';

const launcher = fileURLToPath(new URL('../../bin/longhaul', import.meta.url));

export interface CliResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `longhaul`. With `--json` its lines are events. */
export interface Cli {
  readonly pid: number;
  readonly child: ChildProcess;
  /** What it has printed so far, one value a line; lines that are no JSON are left out. */
  readonly events: readonly TaskEvent[];
  readonly ended: Promise<CliResult>;
  /** The first event that fits, of the past or to come. Throws with all that was printed when the command ends without one. */
  until(what: string, fits: (event: TaskEvent) => boolean): Promise<TaskEvent>;
  signal(name: NodeJS.Signals): void;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly node?: string;
  readonly uid?: number;
}

/** Starts `bin/longhaul` as a child, without a terminal. */
export function startCli(args: readonly string[], options: CliOptions): Cli {
  const child = spawn(options.node ?? process.execPath, [launcher, ...args], {
    cwd: options.cwd,
    env: options.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const events: TaskEvent[] = [];
  const waiting = new Set<() => void>();
  const output: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  child.stdout.on('data', (chunk: Buffer) => output.stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.stderr.push(chunk));
  createInterface({ input: child.stdout }).on('line', (text) => {
    const event = parsed(text);
    if (event === undefined) return;
    events.push(event);
    for (const look of waiting) look();
  });
  const text = (name: 'stdout' | 'stderr') => Buffer.concat(output[name]).toString('utf8');
  const ended = once(child, 'close').then(([exitCode, signal]): CliResult => {
    return { exitCode, signal, stdout: text('stdout'), stderr: text('stderr') };
  });
  return {
    pid: child.pid ?? 0,
    child,
    events,
    ended,
    signal: (name) => void child.kill(name),
    until(what, fits) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const event = events.find(fits);
          if (event === undefined) return;
          waiting.delete(look);
          resolve(event);
        };
        waiting.add(look);
        look();
        void ended.then(({ exitCode, stdout, stderr }) => {
          look();
          reject(
            new Error(`longhaul ended with ${exitCode} before ${what}:\n${stderr}\n${stdout.slice(-4000)}`),
          );
        });
      });
    },
  };
}

function parsed(text: string): TaskEvent | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
