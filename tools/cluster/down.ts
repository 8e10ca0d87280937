import { existsSync, readdirSync, readlinkSync, rmdirSync, rmSync } from 'node:fs';
import { isRunning, type ProcessIdentity, withProcessLock } from '../../workers/process-lock.mjs';
import { identityOf } from './box.ts';
import { removeControlGroup } from './control-groups.ts';
import { anyCable, cableOwner, removeNetwork } from './network.ts';
import { type RunPaths, runPaths } from './paths.ts';
import { readState } from './state.ts';
import { restoreSettings } from './system-settings.ts';
import { waitFor } from './wait.ts';

export const controlGroupOf = (slot: number) => `longhaul-cluster${slot}`;

/** Held by what looks at, or changes, what all clusters of a machine share. */
export const machineLock = '/run/longhaul-cluster.lock';

/**
 * Ends a cluster and takes away all that it has put on the machine, its data too; logs stay. Gives false when there was none.
 * Also cleans up after an `up` that was killed, and after a restart of the machine.
 */
export async function down(directory: string): Promise<boolean> {
  const paths = runPaths(directory);
  if (!existsSync(paths.directory)) return false;
  return await withProcessLock(paths.lock, {}, () => endCluster(paths));
}

/** The same, for who holds the lock of the directory already. */
export async function endCluster(paths: RunPaths): Promise<boolean> {
  const state = readState(paths.state);
  if (state === undefined) return false;
  const { slot, holder, init } = state;
  // With the holder goes the first process inside, and the kernel ends all others with that one.
  if (holder !== undefined) kill(holder);
  if (init !== undefined) await endInside(init);
  await withProcessLock(machineLock, {}, async () => {
    // After a restart of the machine the number may be another cluster's by now. A cable without an owner is of one that was
    // killed while it laid it.
    const owner = cableOwner(slot);
    if (owner === undefined || owner === '' || owner === paths.directory) {
      await removeNetwork(slot);
      await removeControlGroup(controlGroupOf(slot));
    }
    if (!anyCable()) {
      restoreSettings();
      removeIfEmpty('/var/lib/kubelet');
    }
  });
  rmSync(paths.data, { recursive: true, force: true });
  rmSync(paths.kubeconfig, { force: true });
  rmSync(paths.state, { force: true });
  return true;
}

/**
 * Ends all that is in the process namespace of `init`, and all outside that wait for something in it: one of those that was
 * stopped with its child does not see the child's end, and the kernel waits for it.
 */
async function endInside(init: ProcessIdentity): Promise<void> {
  const [namespace] = isRunning(init) ? namespacesOf(init.pid) : [];
  kill(init);
  await waitFor('the end of all processes of the cluster', 15_000, () => {
    const left = namespace === undefined ? [] : processesFor(namespace);
    for (const pid of left) kill(identityOf(pid));
    return left.length === 0 && !isRunning(init);
  });
}

/** The process namespaces that a process is in, and that it has entered for its children; none of one that has ended. */
function namespacesOf(pid: number): string[] {
  return ['pid', 'pid_for_children'].flatMap((name) => {
    try {
      return [readlinkSync(`/proc/${pid}/ns/${name}`)];
    } catch {
      // It has ended, or is about to.
      return [];
    }
  });
}

function processesFor(namespace: string): number[] {
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
  return pids.filter((pid) => namespacesOf(pid).includes(namespace) && isRunning(identityOf(pid)));
}

function kill(identity: ProcessIdentity): void {
  try {
    if (isRunning(identity)) process.kill(identity.pid, 'SIGKILL');
  } catch (error) {
    // It ended between the look and the signal.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Where the kubelet's data is mounted inside; what another kubelet keeps there is left alone. */
function removeIfEmpty(directory: string): void {
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory);
}
