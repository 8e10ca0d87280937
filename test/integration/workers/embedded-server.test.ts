import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { retentionDays } from '../../../workers/embedded-server/namespace.ts';
import { type StartServerOptions, startEmbeddedServer } from '../../../workers/embedded-server/start.ts';
import {
  type RunningServer,
  readServerState,
  serverPaths,
  writeServerState,
} from '../../../workers/embedded-server/state-file.ts';
import { embeddedServerStatus } from '../../../workers/embedded-server/status.ts';
import { stopEmbeddedServer } from '../../../workers/embedded-server/stop.ts';
import { isRunning } from '../../../workers/process-lock.mjs';
import { stopProcess } from '../../../workers/stop-process.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

/** A state directory whose server is stopped when the test is over. */
async function home(): Promise<string> {
  const directory = await temporaryDirectory();
  onTestFinished(async () => {
    await stopEmbeddedServer(directory);
  });
  return directory;
}

const start = (directory: string, options: StartServerOptions = {}) =>
  startEmbeddedServer({ home: directory, ...options });

async function withClient<T>(server: RunningServer, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: server.address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

// No worker polls the queue: the workflow waits in the server, which is all that is asked here.
const startWorkflow = (client: Client) =>
  client.workflow.start('codingTask', {
    workflowId: 'kept',
    taskQueue: 'nobody',
    args: [],
    searchAttributes: { LonghaulStatus: ['running'] },
  });

const kill = (server: RunningServer) => {
  process.kill(server.pid, 'SIGKILL');
  return stopProcess(server, 0);
};

/** What runs on this machine, by whole command line. */
function commandLines(): string[] {
  if (process.platform !== 'linux')
    return execFileSync('ps', ['-axo', 'args'], { encoding: 'utf8' }).split('\n');
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return '';
    }
  });
}

test('stopping and starting loses nothing and keeps the address', async () => {
  const directory = await home();
  const before = await start(directory);
  await withClient(before, startWorkflow);
  expect(await stopEmbeddedServer(directory)).toBe(true);
  expect(isRunning(before)).toBe(false);
  expect(await embeddedServerStatus(directory)).toEqual({ status: 'stopped' });

  const after = await start(directory);
  expect(after.address).toBe(before.address);
  expect(after.uiAddress).toBe(before.uiAddress);
  const { status } = await withClient(after, (client) => client.workflow.getHandle('kept').describe());
  expect(status.name).toBe('RUNNING');
});

test('after kill -9 the next start works and has everything', async () => {
  const directory = await home();
  const before = await start(directory);
  await withClient(before, startWorkflow);
  await kill(before);
  expect(await embeddedServerStatus(directory)).toEqual({ status: 'stopped' });

  const after = await start(directory);
  expect(after.pid).not.toBe(before.pid);
  expect(after.address).toBe(before.address);
  await withClient(after, (client) => client.workflow.getHandle('kept').describe());
});

test('of two starts at once one starts it, and both get the same server', async () => {
  const directory = await home();
  const [one, two] = await Promise.all([start(directory), start(directory)]);
  expect(one).toEqual(two);
  expect(await embeddedServerStatus(directory)).toEqual({ status: 'running', server: one });
});

test('ended tasks stay for months, and lists can ask for the attributes of tasks', async () => {
  const directory = await home();
  const server = await start(directory);
  await withClient(server, async (client) => {
    const { config } = await client.workflowService.describeNamespace({ namespace: 'default' });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(retentionDays * 86_400);
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
      namespace: 'default',
    });
    expect(Object.keys(customAttributes ?? {})).toEqual(
      expect.arrayContaining(['LonghaulStatus', 'LonghaulRepository', 'LonghaulApproval']),
    );
  });
});

test('a state file whose pid belongs to another process now is stale: a server starts, that process lives on', async () => {
  const directory = await home();
  const server = await start(directory);
  await stopEmbeddedServer(directory);
  await writeServerState(directory, { ...server, pid: process.pid, startTime: 'long ago' });
  const next = await start(directory);
  expect(next.pid).not.toBe(process.pid);
  expect(next.address).toBe(server.address);
});

test('a port that another program takes while the server starts gives way to another', async () => {
  const directory = await home();
  const before = await start(directory);
  await stopEmbeddedServer(directory);
  const place = await temporaryDirectory();
  const at = (name: string) => join(place, name);
  const hesitates = `if [ "$1" = server ] && [ ! -e ${at('seen')} ]; then
  touch ${at('seen')}
  while [ ! -e ${at('go')} ]; do sleep 0.02; done
fi`;
  writeFileSync(at('temporal'), `#!/bin/sh\n${hesitates}\nexec ${before.binary} "$@"\n`, { mode: 0o755 });
  const lines: string[] = [];
  const env = { ...process.env, PATH: `${place}:${process.env['PATH']}` };
  const starting = start(directory, { env, report: (line) => lines.push(line) });
  await vi.waitFor(() => expect(existsSync(at('seen'))).toBe(true), { timeout: 20_000 });
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(before.uiPort, '127.0.0.1', resolve));
  writeFileSync(at('go'), '');
  const moved = await starting;
  other.close();
  expect(moved).toMatchObject({ port: before.port });
  expect(moved.uiPort).not.toBe(before.uiPort);
  expect(lines).toContainEqual(expect.stringContaining(`port ${before.uiPort} is busy`));
});

test('a port that was taken meanwhile gives way to another, which is said and kept', async () => {
  const directory = await home();
  const before = await start(directory);
  await stopEmbeddedServer(directory);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(before.port, '127.0.0.1', resolve));
  const lines: string[] = [];
  const moved = await start(directory, { report: (line) => lines.push(line) });
  other.close();
  expect(moved.port).not.toBe(before.port);
  expect(lines).toEqual([expect.stringContaining(`port ${before.port} is busy`)]);
  await stopEmbeddedServer(directory);
  expect((await start(directory)).port).toBe(moved.port);
});

test('a server that was killed while it made its tables starts anew', async () => {
  const directory = await home();
  const { database, databaseMark } = serverPaths(directory);
  writeFileSync(database, '');
  writeFileSync(databaseMark, '');
  await start(directory);
  expect(existsSync(databaseMark)).toBe(false);
});

test('a server that cannot start is an error with the end of its log, and the next start is free to succeed', async () => {
  const directory = await home();
  const { database } = serverPaths(directory);
  writeFileSync(database, 'this is no database, whatever its name says');
  await expect(start(directory)).rejects.toMatchObject({
    code: 'server.unavailable',
    message: expect.stringMatching(/ended while it started[\s\S]*Error/),
  });
  rmSync(database);
  expect((await start(directory)).status).toBe('running');
});

test('a server whose state cannot be written down does not stay behind', async () => {
  const directory = await home();
  const inTheWay = `${serverPaths(directory).state}.${process.pid}`;
  mkdirSync(inTheWay);
  await expect(start(directory)).rejects.toMatchObject({ code: 'disk.no_permission' });
  expect(commandLines().filter((line) => line.includes(directory))).toEqual([]);
  rmSync(inTheWay, { recursive: true });
  expect((await start(directory)).status).toBe('running');
  expect(commandLines().filter((line) => line.includes(directory))).toHaveLength(1);
});

test('the database, its log and the state are for their owner alone', async () => {
  const directory = await home();
  await start(directory);
  const { database, log, state } = serverPaths(directory);
  for (const file of [database, `${database}-wal`, log, state]) expect(statSync(file).mode & 0o077).toBe(0);
  expect((await readServerState(directory))?.status).toBe('running');
});
