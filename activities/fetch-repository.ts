import type { TaskActivities } from '../contracts/activities.ts';
import { putJson } from './artifact-json.ts';
import type { Ports } from './ports.ts';
import { withPulse } from './pulse.ts';

/** Fetches the base and stores the task's specification. The same task gets the same base again, also when the remote has moved. */
export function createFetchRepository({
  forge,
  artifacts,
  leaseMode,
}: Pick<Ports, 'forge' | 'artifacts' | 'leaseMode'>): TaskActivities['fetchRepository'] {
  return ({ spec }) =>
    withPulse('fetching the repository', async () => {
      const { taskId, repository, ref, includeChanges } = spec;
      const fetched = await forge.fetch({ taskId, repository, ref, includeChanges });
      const { baseCommit, baseTree, baseBranch, notes } = fetched;
      const specDigest = await putJson(artifacts, spec);
      const workspace = {
        baseCommit,
        commit: baseCommit,
        tree: baseTree,
        manifestDigest: null,
        leaseNumber: 1,
      };
      return { specDigest, workspace, baseBranch, notes, leaseMode };
    });
}
