import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { taskQueueOf } from '../../../workers/task-queue.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const queueOf = (home: string, machine?: string) => taskQueueOf({ LONGHAUL_HOME: home }, machine);

test('a home has one queue, which no other home and no other machine has', () => {
  const own = queueOf('/srv/a', 'm1');
  expect(own).toMatch(/^longhaul-[0-9a-f]{12}$/);
  expect(queueOf('/srv/a', 'm1')).toBe(own);
  expect(queueOf('/srv/b', 'm1')).not.toBe(own);
  expect(queueOf('/srv/a', 'm2')).not.toBe(own);
});

test('a machine names itself the same way each time', () => {
  expect(queueOf('/srv/a')).toBe(queueOf('/srv/a'));
});

test('another spelling of a home is the same home, before it is made and after', async () => {
  const directory = await temporaryDirectory();
  mkdirSync(join(directory, 'disk'));
  symlinkSync(join(directory, 'disk'), join(directory, 'link'));
  const home = join(directory, 'disk', 'state', 'longhaul');
  const before = queueOf(home);
  expect(queueOf(join(directory, 'link', 'state', 'longhaul'))).toBe(before);
  expect(queueOf(`${directory}/disk/../disk/state//longhaul/`)).toBe(before);
  mkdirSync(home, { recursive: true });
  expect(queueOf(home)).toBe(before);
  expect(queueOf(join(directory, 'link', 'state', 'longhaul'))).toBe(before);
});

test('a queue that is named is taken, and an empty name is none', () => {
  const home = { LONGHAUL_HOME: '/srv/a' };
  expect(taskQueueOf({ ...home, LONGHAUL_TASK_QUEUE: 'team' })).toBe('team');
  expect(taskQueueOf({ ...home, LONGHAUL_TASK_QUEUE: '' })).toBe(taskQueueOf(home));
});
