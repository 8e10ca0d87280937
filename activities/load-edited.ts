import type { LocalActivities } from '../contracts/activities.ts';
import { LonghaulError } from '../contracts/error.ts';
import { summaryOf } from './action-summary.ts';
import { loadAction } from './load.ts';
import type { Ports } from './ports.ts';

/** The action that a person made out of another. Throws `approval.refused` when it is of another kind. */
export function createLoadEdited({ artifacts }: Pick<Ports, 'artifacts'>): LocalActivities['loadEdited'] {
  return async ({ original, editedDigest }) => {
    const body = await loadAction(artifacts, editedDigest);
    if (body.kind !== original.kind) {
      throw new LonghaulError(
        'approval.refused',
        `the edit of ${original.id} is of kind ${body.kind}, expected ${original.kind}: an edit changes an action, it does not replace it`,
      );
    }
    return {
      action: { id: original.id, kind: original.kind, digest: editedDigest, summary: summaryOf(body) },
    };
  };
}
