import type { RollBackInput, TaskActivities } from '../contracts/activities.ts';
import { LonghaulError } from '../contracts/error.ts';
import type { Digest } from '../contracts/ids.ts';
import type { IterationRecord } from '../contracts/record.ts';
import { holdLease, releaseEarlier } from './hold-lease.ts';
import { loadRecord } from './load.ts';
import type { Ports } from './ports.ts';
import { withPulse } from './pulse.ts';
import { loadSetup } from './setup.ts';

/** Makes the workspace what it was at the end of an iteration; 0 is the base. Restoring twice gives the same workspace. */
export function createRollBack(ports: Ports): TaskActivities['rollBack'] {
  return (input) =>
    withPulse('rolling back', async (pulse) => {
      const { taskId, workspace, toIteration } = input;
      await releaseEarlier(ports, taskId, workspace);
      const target = await checkpointAt(ports, input);
      const setup = await loadSetup(ports, input);
      const restored = { ...workspace, ...target };
      const lease = await holdLease(ports, { taskId, workspace: restored, setup }, pulse);
      await ports.sandbox.restore(lease.leaseId, {
        gitDir: ports.repositories.gitDir(taskId),
        commit: restored.commit,
      });
      return { workspace: { ...restored, leaseNumber: lease.leaseNumber }, iteration: toIteration };
    });
}

async function checkpointAt(ports: Ports, { taskId, toIteration, head, workspace }: RollBackInput) {
  if (toIteration === 0) {
    return {
      commit: workspace.baseCommit,
      tree: await ports.repositories.treeOf(taskId, workspace.baseCommit),
      manifestDigest: null,
    };
  }
  for (let digest: Digest | null = head; digest !== null; ) {
    const record: IterationRecord = await loadRecord(ports.artifacts, digest);
    const { commit, after, manifestDigest } = record.checkpoint;
    if (record.iteration === toIteration) return { commit, tree: after, manifestDigest };
    digest = record.previous;
  }
  throw new LonghaulError(
    'usage.invalid',
    `the ledger of ${taskId} holds no iteration ${toIteration} to go back to`,
  );
}
