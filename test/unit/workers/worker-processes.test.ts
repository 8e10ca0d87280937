import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { announceWorker } from '../../../workers/announce-worker.ts';
import { isRunning, processStartTime } from '../../../workers/process-lock.mjs';
import { taskQueueOf } from '../../../workers/task-queue.ts';
import { listWorkers, startWorkerProcess, stopWorker } from '../../../workers/worker-processes.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const main = fileURLToPath(new URL('../../helpers/programs/fake-worker.ts', import.meta.url));

async function start(home: string, mode: string) {
  const worker = await startWorkerProcess({ home, main, env: { ...process.env, FAKE_WORKER: mode } });
  onTestFinished(async () => {
    await stopWorker(worker.pid, { home, graceMs: 0 });
  });
  return worker;
}

test('a worker that was started is ready, on the list, and outlived by nothing once it is stopped', async () => {
  const home = await temporaryDirectory();
  const worker = await start(home, 'works');
  expect(worker).toMatchObject({
    ready: true,
    taskQueue: taskQueueOf({ LONGHAUL_HOME: home }),
    address: '127.0.0.1:1',
  });
  expect(await listWorkers(home)).toEqual([worker]);
  expect(statSync(join(home, 'workers', `${worker.pid}.json`)).mode & 0o777).toBe(0o600);

  expect(await stopWorker(worker.pid, { home })).toBe(true);
  expect(isRunning(worker)).toBe(false);
  expect(readdirSync(join(home, 'workers'))).toEqual([]);
  expect(await stopWorker(worker.pid, { home })).toBe(false);
});

test('a copy of a home neither lists nor stops the workers of the one it was copied from', async () => {
  const home = await temporaryDirectory();
  const copy = await temporaryDirectory();
  const worker = await start(home, 'works');
  cpSync(home, copy, { recursive: true });
  expect(await stopWorker(worker.pid, { home: copy, graceMs: 0 })).toBe(false);
  cpSync(home, copy, { recursive: true });
  expect(await listWorkers(copy)).toEqual([]);
  expect(isRunning(worker)).toBe(true);
  expect(await listWorkers(home)).toEqual([worker]);
});

test('a worker that does not listen to SIGTERM is killed after the grace', async () => {
  const home = await temporaryDirectory();
  const worker = await start(home, 'deaf');
  expect(await stopWorker(worker.pid, { home, graceMs: 100 })).toBe(true);
  expect(isRunning(worker)).toBe(false);
});

test('a worker that ends while it starts is an error that shows the end of its log', async () => {
  const home = await temporaryDirectory();
  await expect(start(home, 'fails')).rejects.toMatchObject({
    code: 'worker.missing',
    message: expect.stringContaining('cannot start: planted'),
  });
  expect(await listWorkers(home)).toEqual([]);
});

test('a worker that does not come up in time is stopped, so that none stays that nobody knows of', async () => {
  const home = await temporaryDirectory();
  const env = { ...process.env, FAKE_WORKER: 'late' };
  const failing = startWorkerProcess({ home, main, env, timeoutMs: 1_000 });
  await expect(failing).rejects.toMatchObject({ code: 'worker.missing' });
  const message = await failing.then(String, (error: Error) => error.message);
  const pid = Number(/^Worker (\d+) did not poll within 1 s and was stopped/.exec(message)?.[1]);
  expect(processStartTime(pid)).toBeUndefined();
});

test('a worker that was killed, or whose pid is another process now, is dropped from the list and never signalled', async () => {
  const home = await temporaryDirectory();
  mkdirSync(join(home, 'workers'));
  const file = join(home, 'workers', `${process.pid}.json`);
  const description = { address: 'a:1', taskQueue: 'q', version: '1', startedAt: new Date().toISOString() };
  const stale = JSON.stringify({ pid: process.pid, startTime: 'long ago', ready: true, ...description });

  writeFileSync(file, stale);
  expect(await stopWorker(process.pid, { home })).toBe(false);
  writeFileSync(file, stale);
  expect(await listWorkers(home)).toEqual([]);
  expect(existsSync(file)).toBe(false);
});

test('the file of a worker stays where it cannot be read for once, and goes with its process', async () => {
  const home = await temporaryDirectory();
  const worker = await start(home, 'works');
  const file = join(home, 'workers', `${worker.pid}.json`);
  const torn = readFileSync(file);
  writeFileSync(file, torn.subarray(0, 20));
  expect(await listWorkers(home)).toEqual([]);
  expect(existsSync(file)).toBe(true);
  expect(await stopWorker(worker.pid, { home })).toBe(false);
  expect(existsSync(file)).toBe(true);
  writeFileSync(file, torn);
  expect(await listWorkers(home)).toEqual([worker]);
  expect(await stopWorker(worker.pid, { home, graceMs: 0 })).toBe(true);
  writeFileSync(file, torn.subarray(0, 20));
  expect(await listWorkers(home)).toEqual([]);
  expect(existsSync(file)).toBe(false);
});

test('announcing twice keeps one entry, and taking it off is final', async () => {
  const home = await temporaryDirectory();
  await announceWorker({ address: 'a:1', taskQueue: 'q', version: '1', model: null, sandbox: null }, home);
  const worker = await announceWorker(
    { address: 'a:1', taskQueue: 'q', version: '2', model: null, sandbox: null },
    home,
  );
  expect(await listWorkers(home)).toMatchObject([{ pid: process.pid, version: '2', ready: false }]);
  await worker.ready(['a note']);
  expect(await listWorkers(home)).toMatchObject([{ ready: true, notes: ['a note'] }]);
  await worker.gone();
  await worker.gone();
  expect(await listWorkers(home)).toEqual([]);
});

test('a worker that says why it ends is believed: its own error is thrown, and nothing of it stays', async () => {
  const home = await temporaryDirectory();
  await expect(start(home, 'refuses')).rejects.toMatchObject({
    code: 'version.cannot_replay',
    message: 'planted',
  });
  expect(readdirSync(join(home, 'workers'))).toEqual([]);
});

test('a worker that says what takes it so long is waited for, and its notes are there', async () => {
  const home = await temporaryDirectory();
  const env = { ...process.env, FAKE_WORKER: 'busy' };
  // Shorter than the whole, longer than any part of it on a busy machine.
  const worker = await startWorkerProcess({ home, main, env, timeoutMs: 4000 });
  onTestFinished(async () => {
    await stopWorker(worker.pid, { home, graceMs: 0 });
  });
  expect(worker).toMatchObject({ ready: true, notes: ['a note'] });
});
