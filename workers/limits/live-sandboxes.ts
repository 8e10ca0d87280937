import { join } from 'node:path';
import type { TaskId } from '../../contracts/ids.ts';
import { listLeaseDirectories } from '../../sandbox/lease-files.ts';
import { recordedProcesses } from '../../sandbox/leftovers.ts';
import { isAlive } from '../../sandbox/processes.ts';
import type { SandboxBackend } from '../sandbox-choice.ts';

/** The sandboxes of a home, whichever worker has made them. */
export interface LiveSandboxes {
  count(): number;
  /** Whether a task has one. */
  isHeldBy(taskId: TaskId): boolean;
}

/** Looks at the leases' directories: locally those whose keeper runs take memory; of pods, each lease has one until it is released. */
export function liveSandboxes(stateDir: string, backend: SandboxBackend): LiveSandboxes {
  if (backend === 'kubernetes') return counted(() => listLeaseDirectories(join(stateDir, 'pods')));
  const leases = join(stateDir, 'leases');
  const runs = (name: string): boolean => {
    const keeper = recordedProcesses(join(leases, name))?.keeper;
    return keeper !== undefined && isAlive(keeper);
  };
  return counted(() => listLeaseDirectories(leases).filter(runs));
}

function counted(live: () => readonly string[]): LiveSandboxes {
  return {
    count: () => live().length,
    isHeldBy: (taskId) => live().some((name) => name.startsWith(`${taskId}.`)),
  };
}
