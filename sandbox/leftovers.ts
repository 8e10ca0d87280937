import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { thawGroups } from './keeper/freezer.ts';
import { removeGroups } from './keeper/limits.ts';
import type { RecordedProcesses } from './keeper/local-lease.ts';
import { directoryMark, leaseFile, readJsonFile } from './lease-files.ts';
import { isAlive, killAndWait, type ProcessIdentity } from './processes.ts';

/**
 * What the keeper wrote down of itself; undefined before it has, and after the lease. Also in a copy of the lease, whose file names the
 * processes of the one it was copied from.
 */
export function recordedProcesses(leaseDirectory: string): RecordedProcesses | undefined {
  const file = path.join(leaseDirectory, leaseFile.processes);
  const recorded = readJsonFile(file) as RecordedProcesses | undefined;
  const own = recorded?.mark === undefined || recorded.mark === directoryMark(leaseDirectory);
  return own ? recorded : undefined;
}

const endPollMs = 5;

/** Waits for a process that is about to end by itself, and kills it when it does not. */
export async function waitForEnd(identity: ProcessIdentity): Promise<void> {
  const end = Date.now() + killLimitMs;
  while (isAlive(identity) && Date.now() < end) await delay(endPollMs);
  await killAndWait(identity, killLimitMs);
}

const killLimitMs = 5_000;

/**
 * Ends what a lease whose keeper no longer answers may have left: by recorded number and start time, never by name. The sandbox's init
 * takes all its processes with it.
 */
export async function clearAwayProcesses(leaseDirectory: string): Promise<void> {
  const recorded = recordedProcesses(leaseDirectory);
  if (recorded === undefined) return;
  for (const identity of [recorded.keeper, recorded.sandbox]) {
    thawGroups(recorded.cgroups);
    if (identity === undefined || !isAlive(identity)) continue;
    const gone = await killAndWait(identity, killLimitMs);
    if (!gone)
      throw new Error(`Process ${identity.pid} of ${leaseDirectory} does not end, not even by SIGKILL.`);
  }
  await removeGroups(recorded.cgroups);
}
