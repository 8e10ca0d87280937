import { cpSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { choosePort } from '../../../../workers/embedded-server/ports.ts';
import {
  type RunningServer,
  readServerState,
  serverPaths,
  writeServerState,
} from '../../../../workers/embedded-server/state-file.ts';
import { embeddedServerStatus } from '../../../../workers/embedded-server/status.ts';
import { stopEmbeddedServer } from '../../../../workers/embedded-server/stop.ts';
import { temporaryDirectory } from '../../../helpers/temporary-directory.ts';

const running: RunningServer = {
  status: 'running',
  pid: process.pid,
  startTime: 'long ago',
  port: 7233,
  uiPort: 8233,
  address: '127.0.0.1:7233',
  uiAddress: 'http://127.0.0.1:8233',
  binary: '/bin/temporal',
  version: '1.31.2',
};

test('the state goes out and in whole, readable by its owner alone', async () => {
  const home = await temporaryDirectory();
  await writeServerState(home, running);
  expect(await readServerState(home)).toEqual(running);
  expect(statSync(serverPaths(home).state).mode & 0o777).toBe(0o600);
  expect(readdirSync(home)).toEqual(['server.json']);
});

test.each(['', 'not json', '{"status":"running","pid":"many"}'])(
  'a state file of %j is as good as none',
  async (text) => {
    const home = await temporaryDirectory();
    writeFileSync(serverPaths(home).state, text);
    expect(await readServerState(home)).toBeUndefined();
    expect(await embeddedServerStatus(home)).toEqual({ status: 'stopped' });
  },
);

test('a state file that cannot be read or written is an error that names it', async () => {
  const home = await temporaryDirectory();
  mkdirSync(serverPaths(home).state);
  await expect(readServerState(home)).rejects.toMatchObject({ code: 'disk.no_permission' });
  await expect(writeServerState(home, running)).rejects.toMatchObject({ code: 'disk.no_permission' });
});

test('a pid that is another process now is not taken for the server, and is not stopped', async () => {
  const home = await temporaryDirectory();
  await writeServerState(home, running);
  expect(await embeddedServerStatus(home)).toEqual({ status: 'stopped' });
  expect(await stopEmbeddedServer(home)).toBe(false);
  expect(await readServerState(home)).toEqual({ status: 'stopped', port: 7233, uiPort: 8233 });
});

test('stopping where nothing ever ran does nothing', async () => {
  const home = await temporaryDirectory();
  expect(await stopEmbeddedServer(home)).toBe(false);
  expect(readdirSync(home)).toEqual([]);
});

test('a busy port gives way to a free one, and that is said', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    other.close();
  });
  const { port } = other.address() as AddressInfo;
  const lines: string[] = [];
  const chosen = await choosePort(port, 'the server', (line) => lines.push(line));
  expect(chosen).not.toBe(port);
  expect(lines).toEqual([`port ${port} is busy: the server takes port ${chosen}`]);
});

test('a home that was moved still knows its server, and a copy of a home does not take it for its own', async () => {
  const parent = await temporaryDirectory();
  const [home, moved, copy] = ['home', 'moved', 'copy'].map((name) => `${parent}/${name}`) as [
    string,
    string,
    string,
  ];
  await writeServerState(home, running);
  cpSync(home, copy, { recursive: true });
  renameSync(home, moved);
  expect(await readServerState(moved)).toEqual(running);
  expect(await readServerState(copy)).toBeUndefined();
  expect(await stopEmbeddedServer(copy)).toBe(false);
});
