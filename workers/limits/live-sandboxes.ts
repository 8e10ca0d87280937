import { join } from 'node:path';
import type { TaskId } from '../../contracts/ids.ts';
import { listLeaseDirectories } from '../../sandbox/lease-files.ts';
import { recordedProcesses } from '../../sandbox/leftovers.ts';
import { isAlive } from '../../sandbox/processes.ts';

/** The sandboxes of a home, whichever worker has made them. */
export interface LiveSandboxes {
  count(): number;
  /** Whether a task has one. */
  isHeldBy(taskId: TaskId): boolean;
}

/** Looks at the leases' directories: those whose keeper runs take memory. */
export function liveSandboxes(stateDir: string): LiveSandboxes {
  const leases = join(stateDir, 'leases');
  const runs = (name: string): boolean => {
    const keeper = recordedProcesses(join(leases, name))?.keeper;
    return keeper !== undefined && isAlive(keeper);
  };
  const live = () => listLeaseDirectories(leases).filter(runs);
  return {
    count: () => live().length,
    isHeldBy: (taskId) => live().some((name) => name.startsWith(`${taskId}.`)),
  };
}
