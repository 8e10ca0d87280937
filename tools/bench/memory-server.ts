import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { findServerBinary } from '../../workers/embedded-server/find-binary.ts';
import { isReady } from '../../workers/embedded-server/namespace.ts';
import { choosePort } from '../../workers/embedded-server/ports.ts';
import { serverArguments, serverEnvironment } from '../../workers/embedded-server/server-arguments.ts';

export interface MemoryServer {
  readonly address: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The embedded server with the same settings and no file: what the database costs is the difference. */
export async function startMemoryServer(): Promise<MemoryServer> {
  const binary = await findServerBinary();
  const port = await choosePort(17_233, 'a Temporal server in memory', () => {});
  const uiPort = await choosePort(18_233, 'its web page', () => {});
  const all = serverArguments({ port, uiPort, database: '' });
  const ofDatabase = new Set(['--db-filename', '--sqlite-pragma']);
  const args = all.filter((word, at) => !ofDatabase.has(word) && !ofDatabase.has(all[at - 1] ?? ''));
  const child = spawn(binary.path, args, { env: serverEnvironment(process.env), stdio: 'ignore' });
  const exit = once(child, 'exit');
  const address = `127.0.0.1:${port}`;
  while (!(await isReady(address))) {
    if (child.exitCode !== null) throw new Error(`the server in memory ended with ${child.exitCode}`);
    await delay(50);
  }
  return {
    address,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      await exit;
    },
  };
}
