import { z } from 'zod';
import { classifyClientError } from '../client/errors.ts';
import type { ApprovalRecord } from '../contracts/approval.ts';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import { errorCode, LonghaulError } from '../contracts/error.ts';
import type { CommitId, Digest, TaskId, TreeId } from '../contracts/ids.ts';
import { TokenUsageSchema, TranscriptItemSchema } from '../contracts/model-client.ts';
import { type IterationRecord, IterationRecordSchema } from '../contracts/record.ts';
import type { TaskSpec } from '../contracts/task.ts';
import type { TaskRepository } from '../contracts/task-repository.ts';
import type { Environment } from '../workers/state-dir.ts';
import { type RecordedStory, readStory } from './story.ts';
import { withTemporal } from './temporal.ts';

const ResponseSchema = z.object({
  output: z.array(TranscriptItemSchema).min(1),
  usage: TokenUsageSchema,
});
export type RecordedResponse = z.infer<typeof ResponseSchema>;

/** What a past task leaves that lets it be run again: all by digest, out of its ledger. */
export interface Recording {
  readonly taskId: TaskId;
  readonly spec: TaskSpec;
  readonly baseCommit: CommitId;
  readonly baseBranch: string | null;
  /** One for each iteration, in order. */
  readonly responses: readonly RecordedResponse[];
  /** What people said before each iteration's request; index 0 is iteration 1. */
  readonly steers: readonly (readonly { readonly text: string; readonly by: string }[])[];
  /** By the iteration after which a person rolled back. */
  readonly rollbacks: ReadonlyMap<number, number>;
  /** With the iteration that had been planned when a person asked for them. */
  readonly changes: RecordedStory['changes'];
  readonly approvals: readonly ApprovalRecord[];
  /** Artifacts that the copy needs besides: the policy's file, edited actions. */
  readonly artifacts: readonly { readonly digest: Digest; readonly bytes: Uint8Array }[];
  /** What the task delivered. */
  readonly tree: TreeId;
  /** Its iterations' time together, without waiting for people. */
  readonly workedMs: number;
}

export interface RecordingDeps {
  readonly env: Environment;
  readonly artifacts: ArtifactStore;
  readonly repositories: TaskRepository;
}

/**
 * Reads a past task; writes nothing. Throws `drill.impossible` for a task that was not delivered or of which something is gone, and
 * `server.unavailable`, `task.not_found`.
 */
export async function readRecording(deps: RecordingDeps, taskId: TaskId): Promise<Recording> {
  const story = await withTemporal(deps.env, (client) =>
    readStory(client, taskId).catch((error: unknown) => {
      throw classifyClientError(error, taskId);
    }),
  );
  const delivered = deliveredOf(taskId, story);
  const records = await readLedger(deps.artifacts, taskId, story.head);
  const spec = await specOf(deps.artifacts, taskId, story);
  const first = records[0];
  if (first === undefined) throw impossible(taskId, 'its ledger is empty');
  const baseCommit = first.perceive.baseCommit;
  const tree = await treeOf(deps.repositories, taskId, delivered, baseCommit);
  const approvals = records.flatMap((record) => record.approvals);
  const responses = await Promise.all(records.map((record) => responseOf(deps.artifacts, taskId, record)));
  return {
    taskId,
    spec,
    baseCommit,
    baseBranch: story.baseBranch,
    responses,
    steers: records.map((record) => record.steers),
    rollbacks: rollbacksOf(story, records),
    changes: story.changes,
    approvals,
    artifacts: await neededArtifacts(deps.artifacts, taskId, spec, approvals),
    tree,
    workedMs: records.reduce((sum, record) => sum + workedMsOf(record), 0),
  };
}

function workedMsOf({ timing }: IterationRecord): number {
  return Math.max(0, timing.endedAtMs - timing.startedAtMs - timing.waitedForPeopleMs);
}

export function impossible(taskId: string, why: string, cause?: unknown): LonghaulError {
  return new LonghaulError(
    'drill.impossible',
    `${taskId} cannot be drilled: ${why}`,
    cause === undefined ? {} : { cause },
  );
}

function deliveredOf(taskId: TaskId, { outcome }: RecordedStory): CommitId {
  if (outcome === null)
    throw impossible(
      taskId,
      'it has not ended yet. Drill it once it is delivered; until then "longhaul watch" shows it.',
    );
  if (outcome.status === 'delivered' && outcome.commit !== null) return outcome.commit;
  const why = outcome.reason === '' ? '' : ` (${outcome.reason})`;
  throw impossible(
    taskId,
    `it ended as ${outcome.status}${why}, so there is no delivered tree to compare with. Choose one that "longhaul ls" shows as delivered.`,
  );
}

/** From the newest record back to the first: the ledger outlives the server's retention. */
async function readLedger(
  artifacts: ArtifactStore,
  taskId: TaskId,
  head: Digest | null,
): Promise<readonly IterationRecord[]> {
  const records: IterationRecord[] = [];
  for (let digest = head; digest !== null; ) {
    const value = await readJson(artifacts, taskId, digest, 'a record of its ledger');
    const parsed = IterationRecordSchema.safeParse(value);
    if (!parsed.success)
      throw impossible(taskId, `the record ${digest} is not one that this version of Longhaul understands.`);
    records.unshift(parsed.data);
    digest = parsed.data.previous;
  }
  return records;
}

async function responseOf(
  artifacts: ArtifactStore,
  taskId: TaskId,
  { iteration, plan }: IterationRecord,
): Promise<RecordedResponse> {
  const value = await readJson(
    artifacts,
    taskId,
    plan.responseDigest,
    `the model's response of iteration ${iteration}`,
  );
  const parsed = ResponseSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw impossible(
    taskId,
    `the recorded response of iteration ${iteration} (${plan.responseDigest}) is none.`,
  );
}

async function readJson(
  artifacts: ArtifactStore,
  taskId: TaskId,
  digest: Digest,
  what: string,
): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await readArtifact(artifacts, taskId, digest, what)));
}

async function readArtifact(
  artifacts: ArtifactStore,
  taskId: TaskId,
  digest: Digest,
  what: string,
): Promise<Uint8Array> {
  try {
    return await artifacts.get(digest);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'artifact.not_found' && code !== 'artifact.corrupted') throw error;
    const found = code === 'artifact.not_found' ? 'is gone from' : 'is damaged in';
    throw impossible(
      taskId,
      `${what} ${found} the artifacts (${digest}). Bring the state directory back from a backup, or drill another task.`,
      error,
    );
  }
}

async function specOf(artifacts: ArtifactStore, taskId: TaskId, story: RecordedStory): Promise<TaskSpec> {
  if (story.spec !== null) return story.spec;
  if (story.specDigest === null) throw impossible(taskId, 'the beginning of its history is gone.');
  // Written by this product from a parsed specification.
  return (await readJson(artifacts, taskId, story.specDigest, 'its specification')) as TaskSpec;
}

async function treeOf(
  repositories: TaskRepository,
  taskId: TaskId,
  delivered: CommitId,
  baseCommit: CommitId,
): Promise<TreeId> {
  for (const commit of [baseCommit, delivered]) {
    if (await repositories.has(taskId, commit)) continue;
    throw impossible(
      taskId,
      `the commit ${commit} is gone from its own repository ${repositories.gitDir(taskId)}. Bring the state directory back from a backup, or drill another task.`,
    );
  }
  return repositories.treeOf(taskId, delivered);
}

/** Those that the platform did not decide by itself: a person asked for them. */
function rollbacksOf(story: RecordedStory, records: readonly IterationRecord[]): ReadonlyMap<number, number> {
  const own = new Set(
    records.filter(({ evaluate }) => evaluate.next === 'rollback').map(({ iteration }) => iteration),
  );
  return new Map(story.rollbacks.filter(({ after }) => !own.has(after)).map((one) => [one.after, one.to]));
}

async function neededArtifacts(
  artifacts: ArtifactStore,
  taskId: TaskId,
  { policy }: TaskSpec,
  approvals: readonly ApprovalRecord[],
): Promise<Recording['artifacts']> {
  const named = [
    ...(policy.digest === null ? [] : [{ digest: policy.digest, what: `its policy ${policy.name}` }]),
    ...approvals.flatMap(({ editedDigest, approvalId }) =>
      editedDigest === null ? [] : [{ digest: editedDigest, what: `the edited action of ${approvalId}` }],
    ),
  ];
  return Promise.all(
    named.map(async ({ digest, what }) => ({
      digest,
      bytes: await readArtifact(artifacts, taskId, digest, what),
    })),
  );
}
