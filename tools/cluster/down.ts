import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { isRunning, type ProcessIdentity, withProcessLock } from '../../workers/process-lock.mjs';
import { removeControlGroup } from './control-groups.ts';
import { anyCable, removeNetwork } from './network.ts';
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
  const { slot, holder, init, parts } = state;
  // In this order: with the holder goes the first process inside, and the kernel ends all others with that one.
  for (const process of [holder, init]) await end(process);
  for (const { name, outer } of parts) await waitFor(`the end of ${name}`, 15_000, () => !isRunning(outer));
  await withProcessLock(machineLock, {}, async () => {
    await removeNetwork(slot);
    await removeControlGroup(controlGroupOf(slot));
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

async function end(identity: ProcessIdentity | undefined): Promise<void> {
  if (identity === undefined) return;
  if (isRunning(identity)) process.kill(identity.pid, 'SIGKILL');
  await waitFor(`the end of process ${identity.pid}`, 15_000, () => !isRunning(identity));
}

/** Where the kubelet's data is mounted inside; what another kubelet keeps there is left alone. */
function removeIfEmpty(directory: string): void {
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory);
}
