import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, createWriteStream, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errnoOf } from '../lease-files.ts';
import { controlFile } from './places.ts';

const run = promisify(execFile);
const pollMs = 20;
/** The runner only reads and signals: one that is silent for so long was silenced. */
const answerLimitMs = 5_000;

/** The two FIFOs between the keeper and the step runner, before the runner is there. */
export interface RunnerLine {
  readonly directory: string;
  readonly reports: Socket;
  /** Resolves when the runner is there; nothing is sent before. */
  readonly commands: Promise<NodeJS.WritableStream>;
}

/** What the step runner of the agent's container says, and how it is asked; see `runner.sh` for the words. */
export interface Runner {
  /** Resolves when its container has ended, or when it was hung up on. */
  readonly ended: Promise<void>;
  isEnded(): boolean;
  send(...words: readonly string[]): void;
  /** The words of its answer; undefined when it does not answer in time, or has ended. */
  ask(verb: string, ...words: readonly string[]): Promise<readonly string[] | undefined>;
  onExit(listener: (name: string, status: number) => void): void;
  /** As the last step's end told: how many processes of its container were killed for memory so far, and how many there are. */
  counts(): RunnerCounts;
  hangUp(): void;
}

export interface RunnerCounts {
  readonly memoryKills: number;
  readonly processes: number;
}

/** Makes the FIFOs. A runner that comes later finds both. */
export async function makeRunnerLine(directory: string, signal: AbortSignal): Promise<RunnerLine> {
  const at = (name: string): string => path.join(directory, name);
  await run('mkfifo', ['-m', '600', at(controlFile.reports), at(controlFile.commands)]);
  const fd = openSync(at(controlFile.reports), constants.O_RDONLY | constants.O_NONBLOCK);
  const reports = new Socket({ fd, readable: true, writable: false });
  const commands = openForWriting(at(controlFile.commands), signal);
  // A pod may end before any runner came, and before anybody waits for one.
  commands.catch(() => undefined);
  return { directory, reports, commands };
}

async function openForWriting(file: string, signal: AbortSignal): Promise<NodeJS.WritableStream> {
  for (;;) {
    try {
      const fd = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
      const stream = createWriteStream('', { fd });
      signal.addEventListener('abort', () => stream.destroy(), { once: true });
      return stream;
    } catch (error) {
      // fifo(7): ENXIO while nobody has it open for reading.
      if (errnoOf(error) !== 'ENXIO') throw error;
    }
    await delay(pollMs, undefined, { signal });
  }
}

/** Waits for the runner. Once both ends are open the FIFOs lose their names, so that no command can open them. */
export async function connectRunner({ directory, reports, commands }: RunnerLine): Promise<Runner> {
  const input = await commands;
  const waiting = new Map<string, (words: readonly string[]) => void>();
  let listener: (name: string, status: number) => void = () => undefined;
  let counts: RunnerCounts = { memoryKills: 0, processes: 0 };
  let ended = false;

  const ready = new Promise<void>((resolve) => waiting.set('ready', () => resolve()));
  createInterface({ input: reports }).on('line', (text) => {
    const [verb = '', name = '', ...rest] = text.split(' ');
    if (verb === 'exit') {
      counts = { memoryKills: Number(rest[1]), processes: Number(rest[2]) };
      listener(name, Number(rest[0]));
    } else waiting.get(verb === 'ready' ? verb : `${verb} ${name}`)?.(rest);
  });
  const end = new Promise<void>((resolve) => {
    const finish = (): void => {
      ended = true;
      resolve();
    };
    reports.on('close', finish);
    reports.on('error', finish);
    input.on('error', finish);
  });
  await Promise.race([ready, end]);
  for (const name of Object.values(controlFile))
    if (name !== controlFile.runner) rmSync(path.join(directory, name), { force: true });

  const send = (...words: readonly string[]): void => {
    if (!ended) input.write(`${words.join(' ')}\n`);
  };
  return {
    ended: end,
    isEnded: () => ended,
    send,
    async ask(verb, ...words) {
      const tag = randomBytes(6).toString('hex');
      const answer = new Promise<readonly string[]>((resolve) => waiting.set(`${verb} ${tag}`, resolve));
      send(verb, tag, ...words);
      const limit = delay(answerLimitMs, undefined, { ref: false });
      const found = await Promise.race([answer, end.then(() => undefined), limit]);
      waiting.delete(`${verb} ${tag}`);
      return found;
    },
    onExit: (next) => {
      listener = next;
    },
    counts: () => counts,
    hangUp: () => {
      reports.destroy();
    },
  };
}
