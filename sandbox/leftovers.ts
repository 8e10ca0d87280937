import path from 'node:path';
import type { RecordedProcesses } from './keeper/keeper.ts';
import { removeGroups } from './keeper/limits.ts';
import { leaseFile, readJsonFile } from './lease-files.ts';
import { isAlive, killAndWait } from './processes.ts';

const killLimitMs = 5_000;

/**
 * Ends what a lease whose keeper no longer answers may have left: by recorded number and start time, never by name. The sandbox's init
 * takes all its processes with it.
 */
export async function clearAwayProcesses(leaseDirectory: string): Promise<void> {
  const recorded = readJsonFile(path.join(leaseDirectory, leaseFile.processes)) as
    | RecordedProcesses
    | undefined;
  if (recorded === undefined) return;
  for (const identity of [recorded.keeper, recorded.sandbox]) {
    if (identity === undefined || !isAlive(identity)) continue;
    const gone = await killAndWait(identity, killLimitMs);
    if (!gone)
      throw new Error(`Process ${identity.pid} of ${leaseDirectory} does not end, not even by SIGKILL.`);
  }
  await removeGroups(recorded.cgroups);
}
