import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { LonghaulError } from '../contracts/error.ts';
import { type Report, withProgress } from './embedded-server/progress.ts';
import { isRunning, type ProcessIdentity, processStartTime, thisProcess } from './process-lock.mjs';
import { endOfLog, openLog } from './process-log.ts';
import { diskError, type Environment, ensurePrivateDirectory, stateDirectory } from './state-dir.ts';
import { stopProcess } from './stop-process.ts';

const WorkerProcessSchema = z
  .object({
    pid: z.int().positive(),
    /** With the pid it names one process for good; see `processStartTime`. */
    startTime: z.string(),
    /** False from the start of the process until it polls. */
    ready: z.boolean(),
    /** The Temporal server that it works for. */
    address: z.string(),
    taskQueue: z.string(),
    version: z.string(),
    startedAt: z.iso.datetime(),
  })
  .readonly();

export type WorkerProcess = z.infer<typeof WorkerProcessSchema>;
export type WorkerDescription = Pick<WorkerProcess, 'address' | 'taskQueue' | 'version'>;

const readyTimeoutMs = 60_000;
const defaultGraceMs = 30_000;
// Built packages hold JavaScript, a checkout TypeScript: whichever this file is.
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const defaultMain = fileURLToPath(new URL(`./main.${extension}`, import.meta.url));

const directory = (home: string) => join(home, 'workers');
const fileOf = (home: string, pid: number) => join(directory(home), `${pid}.json`);

/**
 * Puts this process on the list of workers; called by a worker once it polls. The result takes it off again.
 * Throws `disk.full` or `disk.no_permission`.
 */
export async function registerWorker(
  description: WorkerDescription,
  home = stateDirectory(),
): Promise<() => Promise<void>> {
  const own = { ...thisProcess(), ready: true, startedAt: new Date().toISOString() };
  await write(home, { ...description, ...own });
  return () => rm(fileOf(home, own.pid), { force: true });
}

async function write(home: string, worker: WorkerProcess): Promise<void> {
  const file = fileOf(home, worker.pid);
  try {
    ensurePrivateDirectory(directory(home));
    await writeFile(`${file}.tmp`, `${JSON.stringify(worker)}\n`, { mode: 0o600 });
    await rename(`${file}.tmp`, file);
  } catch (error) {
    throw diskError(error, `write ${file}`);
  }
}

async function read(home: string, pid: number): Promise<WorkerProcess | undefined> {
  try {
    return WorkerProcessSchema.parse(JSON.parse(await readFile(fileOf(home, pid), 'utf8')));
  } catch {
    return undefined;
  }
}

/** The workers of this user that run, oldest first; the files of those that died are removed. */
export async function listWorkers(home = stateDirectory()): Promise<readonly WorkerProcess[]> {
  const names = await readdir(directory(home)).catch(() => []);
  const pids = names.flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number);
  const workers: WorkerProcess[] = [];
  for (const pid of pids) {
    const worker = await read(home, pid);
    if (worker && isRunning(worker)) workers.push(worker);
    else await rm(fileOf(home, pid), { force: true });
  }
  return workers.sort((a, b) => a.startedAt.localeCompare(b.startedAt));
}

export interface StartWorkerOptions {
  readonly home?: string;
  readonly env?: Environment;
  readonly report?: Report;
  /** The program of the worker; it has to call `registerWorker`. */
  readonly main?: string;
  readonly timeoutMs?: number;
}

/**
 * Starts a worker that outlives the caller, and waits until it polls. Its output goes to `logs/worker.log`
 * under the state directory. Throws `worker.missing` with the end of that output when it does not come up.
 */
export async function startWorkerProcess(options: StartWorkerOptions = {}): Promise<WorkerProcess> {
  const { env = process.env, report = () => {}, main = defaultMain, timeoutMs = readyTimeoutMs } = options;
  const home = options.home ?? stateDirectory(env);
  const log = join(home, 'logs', 'worker.log');
  const identity = await launch(main, { ...env, LONGHAUL_HOME: home }, log);
  const describe = () => `waiting for worker ${identity.pid}`;
  return await withProgress(report, describe, () => untilReady(identity, { home, log, timeoutMs }));
}

interface Waiting {
  readonly home: string;
  readonly log: string;
  readonly timeoutMs: number;
}

async function untilReady(
  identity: ProcessIdentity,
  { home, log, timeoutMs }: Waiting,
): Promise<WorkerProcess> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const worker = await read(home, identity.pid);
    if (worker?.ready && worker.startTime === identity.startTime) return worker;
    const late = Date.now() > deadline;
    if (late) await stopProcess(identity, 1_000);
    if (!isRunning(identity)) {
      const what = late
        ? `did not poll within ${timeoutMs / 1000} s and was stopped`
        : 'ended while it started';
      const message = `Worker ${identity.pid} ${what}. Its log ${log} ends:`;
      throw new LonghaulError('worker.missing', `${message}\n${endOfLog(log)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function launch(main: string, env: Environment, log: string): Promise<ProcessIdentity> {
  const output = openLog(log);
  try {
    const child = spawn(process.execPath, [main], {
      env: { ...env },
      detached: true,
      stdio: ['ignore', output, output],
    });
    await once(child, 'spawn');
    child.unref();
    const pid = child.pid ?? 0;
    return { pid, startTime: processStartTime(pid) ?? '' };
  } finally {
    closeSync(output);
  }
}

/**
 * Asks a listed worker to finish and waits for its end; it is killed once `graceMs` are over, and its tasks go on elsewhere.
 * Gives false when no such worker runs.
 */
export async function stopWorker(
  pid: number,
  options: { readonly home?: string; readonly graceMs?: number } = {},
): Promise<boolean> {
  const { home = stateDirectory(), graceMs = defaultGraceMs } = options;
  const worker = await read(home, pid);
  const stopped = worker !== undefined && (await stopProcess(worker, graceMs));
  await rm(fileOf(home, pid), { force: true });
  return stopped;
}
