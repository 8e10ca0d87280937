import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../lease-files.ts';
import type { Freezer } from '../processes.ts';
import { groupFreezer } from './freezer.ts';

export interface LimitValues {
  readonly memoryBytes: number;
  readonly processes: number;
}

/** How often the kernel had to say no since the lease began. */
export interface LimitCounts {
  readonly memoryKills: number;
  readonly refusedForks: number;
}

/** What holds a sandbox within its limits of memory and processes. */
export interface Limits {
  readonly kind: 'cgroup-v1' | 'cgroup-v2' | 'watch';
  /** Directories to remove after the sandbox. */
  readonly directories: readonly string[];
  /** Files that a process writes its number into to come under the limits. */
  readonly joinFiles: readonly string[];
  /** Stops all processes of the sandbox at once; null where no group can. */
  readonly freezer: Freezer | null;
  counts(): LimitCounts;
  /** How many tasks the kernel counts under the limits at this moment, threads and unreaped ones too; null where none are counted. */
  tasks(): number | null;
  /** Once the sandbox has ended. */
  remove(): Promise<void>;
}

/** Where control groups are, and which ones this process is in. */
export interface CgroupMachine {
  readonly root: string;
  readonly groups: ReadonlyMap<string, string>;
}

/** bwrap itself, its init, the runner, and a waiter or two. */
export const ownProcesses = 8;

/**
 * Control groups where this user can make them, under the keeper's own group: version 1 or 2. Where none can be made the kind is
 * `watch`: the keeper counts memory and processes itself, which is slower than a bomb by a fraction of a second.
 */
export function createLimits(
  name: string,
  values: LimitValues,
  machine: CgroupMachine = {
    root: '/sys/fs/cgroup',
    groups: parseGroups(readFileSync('/proc/self/cgroup', 'utf8')),
  },
): Limits {
  return (
    createVersion1(name, values, machine) ??
    createVersion2(name, values, machine) ?? {
      kind: 'watch',
      directories: [],
      joinFiles: [],
      freezer: null,
      counts: () => ({ memoryKills: 0, refusedForks: 0 }),
      tasks: () => null,
      remove: async () => undefined,
    }
  );
}

/** Controller to path, from /proc/self/cgroup as in cgroups(7); version 2 has the empty name. */
export function parseGroups(text: string): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  for (const line of text.trim().split('\n')) {
    const [, controllers = '', ...rest] = line.split(':');
    for (const controller of controllers.split(',')) groups.set(controller, rest.join(':'));
  }
  return groups;
}

function createVersion1(
  name: string,
  values: LimitValues,
  { root, groups }: CgroupMachine,
): Limits | undefined {
  const memoryGroup = groups.get('memory');
  const pidsGroup = groups.get('pids');
  if (memoryGroup === undefined || pidsGroup === undefined) return undefined;
  const memory = path.join(root, 'memory', memoryGroup, name);
  const pids = path.join(root, 'pids', pidsGroup, name);
  const made = makeGroups([
    {
      directory: memory,
      settings: [
        ['memory.limit_in_bytes', values.memoryBytes],
        ['memory.memsw.limit_in_bytes', values.memoryBytes],
      ],
      needed: 'memory.limit_in_bytes',
    },
    { directory: pids, settings: [['pids.max', values.processes + ownProcesses]], needed: 'pids.max' },
  ]);
  if (!made) return undefined;
  const freezerGroup = groups.get('freezer');
  const freezer = freezerGroup === undefined ? null : path.join(root, 'freezer', freezerGroup, name);
  const frozen = freezer !== null && makeGroups([{ directory: freezer, settings: [], needed: '' }]);
  const directories = frozen ? [memory, pids, freezer] : [memory, pids];
  return {
    kind: 'cgroup-v1',
    directories,
    joinFiles: directories.map((directory) => path.join(directory, 'cgroup.procs')),
    freezer: frozen ? groupFreezer(freezer) : null,
    counts: () => ({
      memoryKills: counter(path.join(memory, 'memory.oom_control'), 'oom_kill'),
      refusedForks: counter(path.join(pids, 'pids.events'), 'max'),
    }),
    tasks: () => currentTasks(pids),
    remove: () => removeGroups(directories),
  };
}

function createVersion2(
  name: string,
  values: LimitValues,
  { root, groups }: CgroupMachine,
): Limits | undefined {
  const own = groups.get('');
  if (own === undefined) return undefined;
  // A group that holds processes cannot have limited children, so the parent is tried as well: a delegated service's root.
  for (const parent of [own, path.dirname(own), '/']) {
    const directory = path.join(root, parent, name);
    if (!delegates(path.join(root, parent))) continue;
    const made = makeGroups([
      {
        directory,
        settings: [
          ['memory.max', values.memoryBytes],
          ['memory.swap.max', 0],
          ['memory.oom.group', 0],
          ['pids.max', values.processes + ownProcesses],
        ],
        needed: 'memory.max',
      },
    ]);
    if (!made) continue;
    return {
      kind: 'cgroup-v2',
      directories: [directory],
      joinFiles: [path.join(directory, 'cgroup.procs')],
      freezer: groupFreezer(directory),
      counts: () => ({
        memoryKills: counter(path.join(directory, 'memory.events'), 'oom_kill'),
        refusedForks: counter(path.join(directory, 'pids.events'), 'max'),
      }),
      tasks: () => currentTasks(directory),
      remove: () => removeGroups([directory]),
    };
  }
  return undefined;
}

function delegates(parent: string): boolean {
  try {
    accessSync(parent, constants.W_OK);
    const enabled = readFileSync(path.join(parent, 'cgroup.subtree_control'), 'utf8').trim().split(' ');
    return enabled.includes('memory') && enabled.includes('pids');
  } catch {
    return false;
  }
}

interface GroupPlan {
  readonly directory: string;
  readonly settings: readonly (readonly [file: string, value: number])[];
  /** The setting without which the group is of no use; the others are taken where the kernel has them. */
  readonly needed: string;
}

function makeGroups(plans: readonly GroupPlan[]): boolean {
  try {
    for (const plan of plans) {
      mkdirSync(plan.directory);
      for (const [file, value] of plan.settings) writeSetting(plan, file, value);
    }
    return true;
  } catch {
    for (const plan of plans) removeGroup(plan.directory);
    return false;
  }
}

function writeSetting(plan: GroupPlan, file: string, value: number): void {
  try {
    writeFileSync(path.join(plan.directory, file), String(value));
  } catch (error) {
    if (file === plan.needed) throw error;
  }
}

/** Of both versions of the pids controller: it counts a task before the task can run. */
function currentTasks(directory: string): number | null {
  try {
    return Number(readFileSync(path.join(directory, 'pids.current'), 'latin1'));
  } catch {
    return null;
  }
}

const removeLimitMs = 2_000;
const removePollMs = 10;

/** Removes groups whose processes have ended; the last one may take a moment to be reaped. */
export async function removeGroups(directories: readonly string[]): Promise<void> {
  const end = Date.now() + removeLimitMs;
  while (!directories.map(removeGroup).every(Boolean) && Date.now() < end) await delay(removePollMs);
}

function removeGroup(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return errnoOf(error) === 'ENOENT';
  }
}

function counter(file: string, key: string): number {
  try {
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .find((candidate) => candidate.startsWith(`${key} `));
    return Number(line?.slice(key.length + 1) ?? 0);
  } catch {
    return 0;
  }
}

/** Memory of one process that no other shares, in bytes, as statm(5) counts it. */
export function privateMemoryBytes(pid: number, pageBytes: number): number {
  try {
    const [, resident = '0', shared = '0'] = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ');
    return Math.max(0, Number(resident) - Number(shared)) * pageBytes;
  } catch {
    return 0;
  }
}
