import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { LeaseId } from '../contracts/ids.ts';
import { writeFileAtomically } from '../sandbox/lease-files.ts';

/** Which leases were made in the cluster and not released yet, as files of the worker's side. */
export interface MadeLeases {
  directoryOf(leaseId: LeaseId): string;
  /**
   * True once its Job was made. A cluster removes Jobs some time after their end: a lease that was made and has none is lost, and must not be
   * made again, since commands may have run in it, or in the one after it.
   */
  has(leaseId: LeaseId): boolean;
  add(leaseId: LeaseId): void;
  remove(leaseId: LeaseId): void;
}

/** Each lease in a directory of its own under this one, with whatever else is kept of it. */
export function createMadeLeases(directory: string): MadeLeases {
  // A lease's setup has its place with the lease.
  const directoryOf = (leaseId: LeaseId): string => path.join(directory, leaseId.replace(/\.setup$/, ''));
  const fileOf = (leaseId: LeaseId): string => path.join(directoryOf(leaseId), 'made.json');
  return {
    directoryOf,
    has: (leaseId) => existsSync(fileOf(leaseId)),
    add(leaseId) {
      if (existsSync(fileOf(leaseId))) return;
      mkdirSync(directoryOf(leaseId), { recursive: true, mode: 0o700 });
      writeFileAtomically(fileOf(leaseId), JSON.stringify({ leaseId }), true);
    },
    remove: (leaseId) => rmSync(directoryOf(leaseId), { recursive: true, force: true }),
  };
}
