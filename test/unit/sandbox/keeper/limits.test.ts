import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { groupFreezer, thawGroups } from '../../../../sandbox/keeper/freezer.ts';
import { createLimits, parseGroups } from '../../../../sandbox/keeper/limits.ts';
import { resultOf } from '../../../../sandbox/keeper/steps.ts';
import { temporaryDirectory } from '../../../helpers/temporary-directory.ts';

const values = { memoryBytes: 1000, processes: 10 };
const read = (...parts: string[]): string => readFileSync(path.join(...parts), 'utf8');

test('version 1 makes a group for memory and one for processes, below the own ones', async () => {
  const root = await temporaryDirectory();
  for (const directory of ['memory/own', 'pids']) mkdirSync(path.join(root, directory), { recursive: true });
  const limits = createLimits('x', values, { root, groups: parseGroups('4:memory:/own\n8:pids:/\n0::/\n') });
  expect(limits.kind).toBe('cgroup-v1');
  expect(read(root, 'memory/own/x/memory.limit_in_bytes')).toBe('1000');
  expect(read(root, 'pids/x/pids.max')).toBe('18');
  expect(limits.joinFiles).toEqual([
    path.join(root, 'memory/own/x/cgroup.procs'),
    path.join(root, 'pids/x/cgroup.procs'),
  ]);
  writeFileSync(path.join(root, 'memory/own/x/memory.oom_control'), 'under_oom 0\noom_kill 3\n');
  writeFileSync(path.join(root, 'pids/x/pids.events'), 'max 7\n');
  expect(limits.counts()).toEqual({ memoryKills: 3, refusedForks: 7 });
});

test('version 1 joins a group that can be frozen, where there is one', async () => {
  const root = await temporaryDirectory();
  for (const directory of ['memory', 'pids', 'freezer/own'])
    mkdirSync(path.join(root, directory), { recursive: true });
  const limits = createLimits('x', values, {
    root,
    groups: parseGroups('4:memory:/\n6:freezer:/own\n8:pids:/\n'),
  });
  expect(limits.joinFiles).toContain(path.join(root, 'freezer/own/x/cgroup.procs'));
  expect(limits.directories).toContain(path.join(root, 'freezer/own/x'));
});

test.each([
  ['freezer.state', 'freezer.state', 'FROZEN', 'FREEZING', 'THAWED'],
  ['cgroup.freeze', 'cgroup.events', 'populated 1\nfrozen 1\n', 'populated 1\nfrozen 0\n', '0'],
])('a group with %s is frozen when the kernel says so', async (control, shown, frozen, notYet, awake) => {
  const group = await temporaryDirectory();
  writeFileSync(path.join(group, control), '');
  writeFileSync(path.join(group, 'cgroup.procs'), '7\n0\n12\n');
  const freezer = groupFreezer(group);
  freezer?.freeze();
  expect(['FROZEN', '1']).toContain(read(group, control));
  writeFileSync(path.join(group, shown), notYet);
  expect(freezer?.isFrozen()).toBe(false);
  writeFileSync(path.join(group, shown), frozen);
  expect(freezer?.isFrozen()).toBe(true);
  expect(freezer?.pids()).toEqual([7, 12]);
  thawGroups([group]);
  expect(read(group, control)).toBe(awake);
});

test('version 2 takes the nearest group above that hands memory and processes on', async () => {
  const root = await temporaryDirectory();
  mkdirSync(path.join(root, 'user/unit/worker'), { recursive: true });
  writeFileSync(path.join(root, 'user/unit/worker/cgroup.subtree_control'), '\n');
  writeFileSync(path.join(root, 'user/unit/cgroup.subtree_control'), 'cpu memory pids\n');
  const limits = createLimits('x', values, { root, groups: parseGroups('0::/user/unit/worker\n') });
  expect(limits.kind).toBe('cgroup-v2');
  expect(limits.joinFiles).toEqual([path.join(root, 'user/unit/x/cgroup.procs')]);
  expect(read(root, 'user/unit/x/memory.max')).toBe('1000');
  expect(read(root, 'user/unit/x/memory.swap.max')).toBe('0');
  expect(read(root, 'user/unit/x/pids.max')).toBe('18');
});

test('where no group can be made the keeper watches, and leaves none behind', async () => {
  const root = await temporaryDirectory();
  mkdirSync(path.join(root, 'memory'));
  const limits = createLimits('x', values, { root, groups: parseGroups('4:memory:/\n8:pids:/\n') });
  expect(limits.kind).toBe('watch');
  expect(existsSync(path.join(root, 'pids/x'))).toBe(false);
});

test.each([
  [0, null, null, { status: 'ok', exitCode: 0, signal: null, outputLimit: false, memoryLimit: false }],
  [5, null, null, { status: 'failed', exitCode: 5, signal: null }],
  [137, null, 'memory', { status: 'failed', signal: 'SIGKILL', memoryLimit: true }],
  [0, null, 'memory', { status: 'ok', memoryLimit: false }],
  [143, 'timed_out', null, { status: 'timed_out', signal: 'SIGTERM' }],
  [0, 'timed_out', null, { status: 'timed_out' }],
  [137, 'cancelled', null, { status: 'cancelled' }],
  [137, 'output', null, { status: 'failed', outputLimit: true }],
  [0, 'processes', 'processes', { status: 'failed' }],
] as const)('exit status %i with reason %s and refusals of %s', (status, reason, overrun, expected) => {
  expect(resultOf(status, reason, overrun, 1)).toMatchObject(expected);
});
