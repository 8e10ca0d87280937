import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { LonghaulError } from '../../contracts/error.ts';
import { isRunning, processStartTime, withProcessLock } from '../process-lock.mjs';
import { endOfLog, openLog } from '../process-log.ts';
import { diskError, type Environment, ensurePrivateDirectory, stateDirectory } from '../state-dir.ts';
import { stopProcess } from '../stop-process.ts';
import { findServerBinary, type ServerBinary } from './find-binary.ts';
import { isReady, setRetention } from './namespace.ts';
import { choosePort } from './ports.ts';
import { type Report, withProgress } from './progress.ts';
import { serverArguments, serverEnvironment } from './server-arguments.ts';
import { type RunningServer, readServerState, serverPaths, writeServerState } from './state-file.ts';

const preferredPort = 7233;
const preferredUiPort = 8233;
const readyTimeoutMs = 90_000;
const maxStarts = 3;

export interface StartServerOptions {
  /** The state directory; one server runs for each. */
  readonly home?: string;
  readonly env?: Environment;
  readonly report?: Report;
  /** More dynamic configuration for a server that this call starts, as `key=JSON value`. */
  readonly dynamicConfig?: readonly string[];
}

/**
 * Gives the user's Temporal server, started when it does not run; it outlives the caller. Of two calls at once one starts it.
 * Throws `server.missing` when no binary can be had, `server.unavailable` when it does not come up, `disk.full`, `disk.no_permission`.
 */
export async function startEmbeddedServer(options: StartServerOptions = {}): Promise<RunningServer> {
  const { env = process.env, report = () => {}, dynamicConfig = [] } = options;
  const home = ensurePrivateDirectory(options.home ?? stateDirectory(env));
  const start = async () => {
    const recorded = await readServerState(home);
    if (recorded?.status === 'running' && isRunning(recorded)) return await finish(home, recorded, report);

    const binary = await findServerBinary({ env, report });
    const wanted = { port: recorded?.port ?? preferredPort, uiPort: recorded?.uiPort ?? preferredUiPort };
    return await launchReady({ home, env, binary, dynamicConfig, ...wanted }, report);
  };
  try {
    return await withProcessLock(serverPaths(home).lock, {}, start);
  } catch (error) {
    // The lock is a file too, and the first one that a full disk refuses.
    throw isDiskFault(error) ? diskError(error, `write in ${home}`) : error;
  }
}

function isDiskFault(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof LonghaulError || !('code' in error)) return false;
  return ['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS'].includes(String(error.code));
}

/** Starts a server on these ports, or on others where they are taken, and waits for it. */
async function launchReady(wanted: Launch, report: Report): Promise<RunningServer> {
  for (let starts = 1; ; starts++) {
    const port = await choosePort(wanted.port, 'the Temporal server', report);
    const uiPort = await choosePort(wanted.uiPort, "Temporal's web page", report);
    const launched = await launch({ ...wanted, port, uiPort });
    try {
      return await finish(wanted.home, launched, report);
    } catch (error) {
      // Another program may have taken a port between the look and the server's own start; its parts take further ones, which nobody sees.
      if (starts === maxStarts || isRunning(launched)) throw error;
    }
  }
}

// Also for a server that runs already: who started it may have died before it came to this.
async function finish(home: string, server: RunningServer, report: Report): Promise<RunningServer> {
  await waitUntilReady(home, server, report);
  await setRetention(server.address);
  rmSync(serverPaths(home).databaseMark, { force: true });
  return server;
}

interface Launch {
  readonly home: string;
  readonly env: Environment;
  readonly binary: ServerBinary;
  readonly port: number;
  readonly uiPort: number;
  readonly dynamicConfig: readonly string[];
}

async function launch({ home, env, binary, port, uiPort, dynamicConfig }: Launch): Promise<RunningServer> {
  const { database, log } = serverPaths(home);
  const output = openLog(log);
  try {
    prepareDatabase(home);
    const child = spawnPrivately(binary.path, serverArguments({ port, uiPort, database, dynamicConfig }), {
      cwd: home,
      env: serverEnvironment(env),
      detached: true,
      stdio: ['ignore', output, output],
    });
    await once(child, 'spawn');
    child.unref();
    const pid = child.pid ?? 0;
    const server: RunningServer = {
      status: 'running',
      pid,
      startTime: processStartTime(pid) ?? '',
      port,
      uiPort,
      address: `127.0.0.1:${port}`,
      uiAddress: `http://127.0.0.1:${uiPort}`,
      binary: binary.path,
      version: binary.server,
    };
    await writeServerState(home, server).catch(async (error: unknown) => {
      // Nobody would find it again, and a second one on its database would be worse than none.
      await stopProcess(server, 0);
      throw error;
    });
    return server;
  } catch (error) {
    if (error instanceof LonghaulError) throw error;
    throw diskError(error, `start ${binary.path} in ${home}`);
  } finally {
    closeSync(output);
  }
}

/** The server makes the database, which holds what tasks are about: only its owner may read it. */
function spawnPrivately(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const before = process.umask(0o077);
  try {
    return spawn(command, args, options);
  } finally {
    process.umask(before);
  }
}

/**
 * The server makes its tables only where there is no file: one that was killed while it made them could never start again.
 * So a mark stays beside the database until it has answered once, and what is found beside a mark is made anew.
 */
function prepareDatabase(home: string): void {
  const { database, databaseMark } = serverPaths(home);
  if (existsSync(databaseMark)) {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${database}${suffix}`, { force: true });
  }
  if (!existsSync(database)) writeFileSync(databaseMark, '', { mode: 0o600 });
}

async function waitUntilReady(home: string, server: RunningServer, report: Report): Promise<void> {
  const { log } = serverPaths(home);
  const deadline = Date.now() + readyTimeoutMs;
  const describe = () => `waiting for the Temporal server at ${server.address}`;
  await withProgress(report, describe, async () => {
    while (!(await isReady(server.address))) {
      const late = Date.now() > deadline;
      if (isRunning(server) && !late) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      const what = late ? `did not answer within ${readyTimeoutMs / 1000} s` : 'ended while it started';
      throw new LonghaulError(
        'server.unavailable',
        `The Temporal server at ${server.address} (process ${server.pid}) ${what}. Its log ${log} ends:\n${endOfLog(log)}`,
      );
    }
  });
}
