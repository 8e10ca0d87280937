import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { descendantsOf, freeze, type ProcessEntry, readProcess } from '../processes.ts';
import type { Limits } from './limits.ts';

export interface StartInput {
  readonly sh: string;
  readonly bwrap: string;
  /** Holds bwrap's arguments, each ended by a NUL byte: the sandbox's init would show them to everyone inside. */
  readonly argumentsFile: string;
  /** What comes after `--`. */
  readonly command: readonly string[];
  /** Files that the new process writes its number into before it starts anything. */
  readonly joinFiles: readonly string[];
  /** Holds the compiled filter for descriptor 4; null for none. */
  readonly seccompFile: string | null;
  readonly startLimitMs: number;
}

/** A live sandbox: bwrap with the step runner in it. */
export interface SandboxProcess {
  readonly pid: number;
  /** Resolves when the sandbox has ended, with what it said last. */
  readonly ended: Promise<string>;
  isEnded(): boolean;
  startStep(name: string, stepId: string): void;
  onExit(listener: (name: string, status: number) => void): void;
  /**
   * Stops every process inside, the runner too, which may be about to start a step; gives what wakes them. Where the kernel counts no task
   * but the sandbox's own there is nothing to stop. Throws `sandbox.lost`, and ends the sandbox, when it cannot be done.
   */
  hold(limits: Pick<Limits, 'freezer' | 'tasks'>, limitMs: number): Promise<() => void>;
  /** For how long the sandbox has not been held; 0 while it is. */
  awakeMs(): number;
  /** Every process that commands have started; not bwrap's own and not the runner. */
  agentProcesses(): ProcessEntry[];
  kill(): void;
}

export const seccompFd = 4;
const argumentsFd = 5;
/** Commands come after the keeper and the worker where processors are short: a bomb must not starve who ends it. */
const niceness = 5;
const stderrLimit = 4096;
/** For the runner to stop the others; one that was itself stopped by a command does not answer. */
const stopLimitMs = 500;

/**
 * Starts bwrap and waits for the runner's word. The runner is spoken to over socket pairs: a socket, unlike a file or FIFO, cannot be
 * opened a second time by way of /proc. Throws an Error with bwrap's own message when it ends before the runner is ready.
 */
export async function startSandboxProcess(input: StartInput): Promise<SandboxProcess> {
  const filter = input.seccompFile === null ? null : openSync(input.seccompFile, 'r');
  // The shell puts itself under the limits and then becomes bwrap: no process of the sandbox is ever outside them.
  const join = input.joinFiles.map((_, index) => `echo $$ > "$${index + 1}" || exit 125`);
  const script = [...join, `shift ${input.joinFiles.length}`, 'unset PWD OLDPWD', 'exec "$@"'].join('\n');
  const args = openSync(input.argumentsFile, 'r');
  const child = spawn(
    input.sh,
    [
      '-c',
      script,
      'sh',
      ...input.joinFiles,
      input.bwrap,
      '--args',
      String(argumentsFd),
      '--',
      ...input.command,
    ],
    {
      env: {},
      stdio: ['pipe', 'ignore', 'pipe', 'pipe', filter ?? 'ignore', args],
    },
  );
  closeSync(args);
  if (filter !== null) closeSync(filter);
  if (child.pid !== undefined) setPriority(child.pid, niceness);
  return await untilReady(child, input.startLimitMs);
}

async function untilReady(child: ChildProcess, limitMs: number): Promise<SandboxProcess> {
  const control = child.stdin;
  const reports = child.stdio[3];
  if (control === null || !isReadable(reports) || child.stderr === null)
    throw new Error('spawn gave no pipes');
  let stderr = '';
  let ended = false;
  let runnerSession = -1;
  let holds = 0;
  let onStopped: () => void = () => undefined;
  let lastHeldMs = 0;
  let listener: (name: string, status: number) => void = () => undefined;
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-stderrLimit);
  });
  control.on('error', () => undefined);
  reports.on('error', () => undefined);

  const endedPromise = new Promise<string>((resolve) => {
    const finish = (how: string): void => {
      ended = true;
      resolve(stderr.trim() === '' ? how : `${how}: ${stderr.trim()}`);
    };
    child.on('error', (error) => finish(error.message));
    child.on('close', (code, signal) => finish(`bwrap ended with ${signal ?? `exit code ${code}`}`));
  });

  const ready = new Promise<void>((resolve) => {
    createInterface({ input: reports }).on('line', (line) => {
      const [word, name = '', status] = line.split(' ');
      if (word === 'ready') resolve();
      if (word === 'stopped') onStopped();
      if (word === 'exit') listener(name, Number(status));
    });
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const first = await Promise.race([ready, endedPromise]);
  clearTimeout(timer);
  const pid = child.pid;
  if (first !== undefined || pid === undefined) throw new Error(first ?? 'bwrap did not start');

  const all = descendantsOf(pid);
  // At this moment the runner is the only process that is nobody's parent.
  const runner = all.find((entry) => !all.some((other) => other.parent === entry.pid));
  runnerSession = runner?.session ?? -1;
  // bwrap and the runner; each has one thread.
  const ownTasks = all.length + 1;
  const stopInside = async (): Promise<void> => {
    const stopped = new Promise<void>((resolve) => {
      onStopped = resolve;
    });
    writeLine(control, 'stop');
    await Promise.race([stopped, endedPromise, delay(stopLimitMs, undefined, { ref: false })]);
  };
  return {
    pid,
    ended: endedPromise,
    isEnded: () => ended,
    startStep: (name, stepId) => writeLine(control, `start ${name} ${stepId}`),
    onExit: (next) => {
      listener = next;
    },
    async hold(limits, limitMs) {
      holds += 1;
      const letGo = (): void => {
        holds -= 1;
        lastHeldMs = Date.now();
      };
      if (limits.tasks() === ownTasks) return letGo;
      const { freezer } = limits;
      try {
        const thaw = await freeze(() => descendantsOf(pid), limitMs, { freezer, stopInside });
        return () => {
          thaw();
          letGo();
        };
      } catch (error) {
        child.kill('SIGKILL');
        letGo();
        throw error;
      }
    },
    awakeMs: () => (holds > 0 ? 0 : Date.now() - lastHeldMs),
    agentProcesses: () =>
      readProcess(pid) === undefined
        ? []
        : descendantsOf(pid).filter((entry) => entry.session !== runnerSession),
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}

function isReadable(stream: Readable | Writable | null | undefined): stream is Readable {
  return stream !== null && stream !== undefined && 'read' in stream;
}

function writeLine(stream: Writable, line: string): void {
  stream.write(`${line}\n`);
}
