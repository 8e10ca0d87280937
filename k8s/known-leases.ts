import { readdirSync } from 'node:fs';
import { type LeaseId, LeaseIdSchema, type TaskId, TaskIdSchema } from '../contracts/ids.ts';

export interface KnownLease {
  readonly leaseId: LeaseId;
  readonly taskId: TaskId;
  readonly alive: boolean;
}

/**
 * The leases of a cluster, and those of which only the directory with their steps is left on this side: their Job has been deleted, by its TTL
 * say. Both are there until they are released.
 */
export function withDirectories(inCluster: readonly KnownLease[], directory: string): readonly KnownLease[] {
  const known = new Set<string>(inCluster.map(({ leaseId }) => leaseId));
  const left = namesIn(directory).flatMap((name): readonly KnownLease[] => {
    const lease = LeaseIdSchema.safeParse(name);
    if (!lease.success || known.has(name)) return [];
    const taskId = TaskIdSchema.parse(name.slice(0, name.lastIndexOf('.')));
    return [{ leaseId: lease.data, taskId, alive: false }];
  });
  return [...inCluster, ...left];
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
