import type { ActionBody } from '../contracts/action.ts';
import type { LocalActivities } from '../contracts/activities.ts';
import type { ActionId } from '../contracts/ids.ts';
import { summaryOf } from './action-summary.ts';
import { putJson } from './artifact-json.ts';
import { branchOf } from './branch.ts';
import type { Ports } from './ports.ts';

/** Stores the delivery as an action: its digest, and so its approval, is bound to the final tree. */
export function createProposeDelivery({
  artifacts,
}: Pick<Ports, 'artifacts'>): LocalActivities['proposeDelivery'] {
  return async ({ taskId, iteration, workspace, evaluation }) => {
    const body: ActionBody = {
      kind: 'deliver',
      tree: workspace.tree,
      commit: workspace.commit,
      branch: branchOf(taskId),
      concerns: evaluation.concerns.map((concern) => `${concern.path}: ${concern.detail}`),
    };
    const id = `i${iteration}.deliver` as ActionId;
    return {
      action: { id, kind: 'deliver', digest: await putJson(artifacts, body), summary: summaryOf(body) },
    };
  };
}
