import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { isRunning, processStartTime, thisProcess, withProcessLock } from '../../../workers/process-lock.mjs';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const program = fileURLToPath(new URL('../../helpers/programs/lock-user.ts', import.meta.url));

function lockUser(lock: string, journal: string): ChildProcess {
  return spawn(process.execPath, [program, lock, journal], { stdio: ['pipe', 'pipe', 'inherit'] });
}

const locked = (child: ChildProcess) => once(child.stdout as NodeJS.EventEmitter, 'data');

test('a process is known by its start time, and one that ended by none', async () => {
  expect(processStartTime(process.pid)).toBe(processStartTime(process.pid));
  expect(isRunning(thisProcess())).toBe(true);
  expect(isRunning({ pid: process.pid, startTime: 'another' })).toBe(false);

  const child = spawn(process.execPath, ['-e', '']);
  const pid = child.pid ?? 0;
  await once(child, 'exit');
  expect(processStartTime(pid)).toBeUndefined();
});

test('processes that want the same lock run one after the other', async () => {
  const directory = await temporaryDirectory();
  const [lock, journal] = [join(directory, 'lock'), join(directory, 'journal')];
  const children = [1, 2, 3].map(() => lockUser(lock, journal));
  const ended = children.map((child) => once(child, 'exit'));
  await Promise.all(children.map((child) => locked(child).then(() => child.stdin?.end())));
  await Promise.all(ended);
  const words = readFileSync(journal, 'utf8').trim().split('\n');
  expect(words).toHaveLength(6);
  for (let i = 0; i < 6; i += 2) expect(words[i + 1]).toBe(words[i]?.replace('enter', 'leave'));
  expect(readdirSync(directory)).toEqual(['journal']);
});

test('the lock of a process that was killed is taken over', async () => {
  const directory = await temporaryDirectory();
  const [lock, journal] = [join(directory, 'lock'), join(directory, 'journal')];
  const child = lockUser(lock, journal);
  await locked(child);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(existsSync(lock)).toBe(true);
  expect(await withProcessLock(lock, {}, () => 'mine')).toBe('mine');
});

test('a lock whose pid belongs to another process now is taken over', async () => {
  const lock = join(await temporaryDirectory(), 'lock');
  writeFileSync(lock, JSON.stringify({ pid: process.pid, startTime: 'long ago' }));
  expect(await withProcessLock(lock, {}, () => 'mine')).toBe('mine');
});

test('a lock file that is garbage is taken over', async () => {
  const lock = join(await temporaryDirectory(), 'lock');
  writeFileSync(lock, 'not json');
  expect(await withProcessLock(lock, {}, () => 'mine')).toBe('mine');
});

test('who waits is told for whom', async () => {
  const lock = join(await temporaryDirectory(), 'lock');
  const onWait = vi.fn();
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const first = withProcessLock(lock, {}, () => gate);
  const second = withProcessLock(lock, { onWait }, () => 'second');
  await vi.waitFor(() => expect(onWait).toHaveBeenCalledWith(process.pid, expect.any(Number)));
  open();
  await first;
  expect(await second).toBe('second');
});

test('work that throws gives the lock back', async () => {
  const lock = join(await temporaryDirectory(), 'lock');
  const failing = withProcessLock(lock, {}, () => Promise.reject(new Error('planted')));
  await expect(failing).rejects.toThrow('planted');
  expect(existsSync(lock)).toBe(false);
});
