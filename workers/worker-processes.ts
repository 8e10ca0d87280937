import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LonghaulError } from '../contracts/error.ts';
import { type Report, withProgress } from './embedded-server/progress.ts';
import { isRunning, type ProcessIdentity, processStartTime } from './process-lock.mjs';
import { endOfLog, openLog } from './process-log.ts';
import { type Environment, stateDirectory } from './state-dir.ts';
import { stopProcess } from './stop-process.ts';
import { readWorkerFile, removeWorkerFile, type WorkerProcess, workerFilePids } from './worker-file.ts';

export type { WorkerProcess } from './worker-file.ts';

const readyTimeoutMs = 60_000;
const defaultGraceMs = 30_000;
// Built packages hold JavaScript, a checkout TypeScript: whichever this file is.
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const defaultMain = fileURLToPath(new URL(`./main.${extension}`, import.meta.url));

/** The workers of this user that run, oldest first; the files of those that died are removed. */
export async function listWorkers(home = stateDirectory()): Promise<readonly WorkerProcess[]> {
  const workers: WorkerProcess[] = [];
  for (const pid of await workerFilePids(home)) {
    const worker = await readWorkerFile(home, pid);
    if (worker && isRunning(worker)) workers.push(worker);
    else await dropWorkerFile(home, pid);
  }
  return workers.sort((a, b) => a.startedAt.localeCompare(b.startedAt));
}

/** Looks again first: a file that cannot be read for once, or whose process came up meanwhile, may be that of a worker that runs. */
async function dropWorkerFile(home: string, pid: number): Promise<void> {
  const worker = await readWorkerFile(home, pid);
  const gone = worker === undefined ? processStartTime(pid) === undefined : !isRunning(worker);
  if (gone) await removeWorkerFile(home, pid);
}

export interface StartWorkerOptions {
  readonly home?: string;
  readonly env?: Environment;
  readonly report?: Report;
  /** The program of the worker; it has to call `announceWorker`. */
  readonly main?: string;
  /** Tasks that may stay behind, see `RunWorkerOptions`. */
  readonly leave?: readonly string[];
  readonly timeoutMs?: number;
}

/**
 * Starts a worker that outlives the caller, and waits until it polls. Its output goes to `logs/worker.log`
 * under the state directory. Throws what the worker says it ended of, `version.cannot_replay` for one; else `worker.missing` with the end of
 * that output when it does not come up.
 */
export async function startWorkerProcess(options: StartWorkerOptions = {}): Promise<WorkerProcess> {
  const { env = process.env, report = () => {}, main = defaultMain, timeoutMs = readyTimeoutMs } = options;
  const home = options.home ?? stateDirectory(env);
  const log = join(home, 'logs', 'worker.log');
  const leave = (options.leave ?? []).flatMap((taskId) => ['--leave', taskId]);
  const identity = await launch([main, ...leave], { ...env, LONGHAUL_HOME: home }, log);
  let doing = '';
  const describe = () => `waiting for worker ${identity.pid}${doing === '' ? '' : `: ${doing}`}`;
  const heard = (text: string) => {
    doing = text;
  };
  return await withProgress(report, describe, () => untilReady(identity, { home, log, timeoutMs, heard }));
}

interface Waiting {
  readonly home: string;
  readonly log: string;
  /** Without a sign of life. */
  readonly timeoutMs: number;
  heard(doing: string): void;
}

async function untilReady(identity: ProcessIdentity, waiting: Waiting): Promise<WorkerProcess> {
  const { home, log, timeoutMs } = waiting;
  const isLate = patience(waiting);
  for (;;) {
    const worker = await ownFile(home, identity);
    if (worker?.ready) return worker;
    const late = isLate(worker?.doing ?? '');
    if (late) await stopProcess(identity, 1_000);
    if (!isRunning(identity)) {
      const what = late
        ? `did not poll within ${timeoutMs / 1000} s and was stopped`
        : 'ended while it started';
      const message = `Worker ${identity.pid} ${what}. Its log ${log} ends:\n${endOfLog(log)}`;
      throw (await ownWord(home, identity)) ?? new LonghaulError('worker.missing', message);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Begins anew with each sign of life. */
function patience({ timeoutMs, heard }: Waiting): (doing: string) => boolean {
  let deadline = Date.now() + timeoutMs;
  let last = '';
  return (doing) => {
    if (doing !== last) {
      last = doing;
      heard(doing);
      deadline = Date.now() + timeoutMs;
    }
    return Date.now() > deadline;
  };
}

async function ownFile(
  home: string,
  { pid, startTime }: ProcessIdentity,
): Promise<WorkerProcess | undefined> {
  const worker = await readWorkerFile(home, pid);
  return worker?.startTime === startTime ? worker : undefined;
}

/** The worker's own word on why it ended, where it has left one. */
async function ownWord(home: string, identity: ProcessIdentity): Promise<LonghaulError | undefined> {
  const worker = await ownFile(home, identity);
  if (!worker?.problem) return undefined;
  await removeWorkerFile(home, identity.pid);
  return new LonghaulError(worker.problem.code, worker.problem.message);
}

async function launch(args: readonly string[], env: Environment, log: string): Promise<ProcessIdentity> {
  const output = openLog(log);
  try {
    const child = spawn(process.execPath, args, {
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
  const worker = await readWorkerFile(home, pid);
  const stopped = worker !== undefined && (await stopProcess(worker, graceMs));
  await dropWorkerFile(home, pid);
  return stopped;
}
