import { z } from 'zod';
import type { ExecuteInput } from '../contracts/activities.ts';
import { CommitIdSchema, type Digest, DigestSchema, type LeaseId } from '../contracts/ids.ts';
import type { Checkpoint } from '../contracts/record.ts';
import { putJson } from './artifact-json.ts';
import { cutText } from './cut-text.ts';
import type { Ports } from './ports.ts';

const maxLeftOut = 20;

/** What `manifestDigest` names: the chain of packs that a workspace can be made of again. */
const CheckpointManifestSchema = z.strictObject({
  commit: CommitIdSchema,
  parent: CommitIdSchema,
  /** The objects of `commit` that `parent` lacks. */
  pack: DigestSchema,
  previous: DigestSchema.nullable(),
});

/** Makes the checkpoint, keeps its pack as an artifact and its commit in the task's repository. Twice gives the same commit. */
export async function keepCheckpoint(
  ports: Pick<Ports, 'sandbox' | 'artifacts' | 'repositories'>,
  {
    taskId,
    iteration,
    workspace,
    timestampMs,
  }: Pick<ExecuteInput, 'taskId' | 'iteration' | 'workspace' | 'timestampMs'>,
  leaseId: LeaseId,
): Promise<Checkpoint> {
  const made = await ports.sandbox.checkpoint(leaseId, {
    parent: workspace.commit,
    message: `Iteration ${iteration} of ${taskId}\n`,
    timestampMs,
  });
  let manifestDigest: Digest | null = workspace.manifestDigest;
  if (made.pack !== null) {
    const [pack] = await Promise.all([
      ports.artifacts.put(made.pack),
      ports.repositories.importCheckpoint({ taskId, iteration, commit: made.commit, pack: made.pack }),
    ]);
    const { commit: parent, manifestDigest: previous } = workspace;
    const manifest = CheckpointManifestSchema.parse({ commit: made.commit, parent, pack, previous });
    manifestDigest = await putJson(ports.artifacts, manifest);
  }
  return {
    before: workspace.tree,
    after: made.tree,
    commit: made.commit,
    manifestDigest,
    filesChanged: made.filesChanged,
    linesChanged: made.linesChanged,
    leftOut: made.leftOut
      .slice(0, maxLeftOut)
      .map(({ path, reason }) => ({ path: cutText(path, 500), reason })),
  };
}
