import type { Action, ActionBody } from '../contracts/action.ts';
import type { LocalActivities } from '../contracts/activities.ts';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import { errorCode, LonghaulError } from '../contracts/error.ts';
import type { Digest } from '../contracts/ids.ts';
import { summaryOf } from './action-summary.ts';
import { loadAction } from './load.ts';
import type { Ports } from './ports.ts';

/** The action that a person made out of another. Throws `approval.refused` when it is of another kind, is no action or is not there. */
export function createLoadEdited({ artifacts }: Pick<Ports, 'artifacts'>): LocalActivities['loadEdited'] {
  return async ({ original, editedDigest }) => {
    const body = await editedBody(artifacts, original, editedDigest);
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

async function editedBody(
  artifacts: ArtifactStore,
  original: Action,
  editedDigest: Digest,
): Promise<ActionBody> {
  try {
    return await loadAction(artifacts, editedDigest);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'artifact.corrupted' && code !== 'artifact.not_found') throw error;
    // Whoever answers stores the edit first; waiting for one that never comes would hold the task.
    throw new LonghaulError(
      'approval.refused',
      `the edit of ${original.id} is no action: ${error instanceof Error ? error.message : code}. Store the edited action, then answer with its digest`,
      { cause: error },
    );
  }
}
