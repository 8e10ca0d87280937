import type { PlanInput } from '../contracts/activities.ts';
import type { Digest } from '../contracts/ids.ts';
import type { TokenUsage, TranscriptItem } from '../contracts/model-client.ts';
import type { ModelDialect, PinnedContext } from '../contracts/model-dialect.ts';
import type { IterationRecord } from '../contracts/record.ts';
import type { TaskSpec } from '../contracts/task.ts';
import { type TranscriptBytes, toTranscriptBytes, transcriptItems } from '../contracts/transcript-bytes.ts';
import { heldConstraints } from './keep-constraints.ts';
import { loadRecord } from './load.ts';
import type { Ports } from './ports.ts';
import { wellFormed } from './well-formed.ts';

export interface Compaction {
  readonly transcript: TranscriptBytes;
  /** How many items at the start are as they were. */
  readonly keptPrefixItems: number;
  readonly usage: TokenUsage;
}

/** Shortens the transcript by a summary of the model's own and the facts of the task's records. At-least-once: the summary is paid on each call. */
export async function compactTranscript(
  ports: Pick<Ports, 'model' | 'artifacts' | 'repositories'>,
  request: {
    readonly spec: TaskSpec;
    readonly dialect: ModelDialect;
    readonly transcript: TranscriptBytes;
    readonly input: PlanInput;
    readonly signal: AbortSignal;
  },
): Promise<Compaction> {
  const { spec, dialect, transcript, input, signal } = request;
  const items = transcriptItems(transcript);
  const { summary, usage } = await ports.model.compact(
    {
      model: input.model,
      effort: 'low',
      input: toTranscriptBytes(dialect.toSummarize(items)),
      tools: dialect.tools,
      promptCacheKey: spec.taskId,
    },
    { signal, onProgress: () => {} },
  );
  const compacted = dialect.compacted(items, summary, await pinnedContext(ports, spec, input));
  return {
    transcript: toTranscriptBytes(wellFormed(compacted)),
    keptPrefixItems: sharedItems(items, compacted),
    usage,
  };
}

async function pinnedContext(
  ports: Pick<Ports, 'artifacts' | 'repositories'>,
  spec: TaskSpec,
  input: PlanInput,
): Promise<PinnedContext> {
  const record =
    input.previousRecord === null ? null : await loadRecord(ports.artifacts, input.previousRecord);
  const touched =
    record === null
      ? []
      : await ports.repositories.changes(spec.taskId, record.perceive.baseCommit, record.checkpoint.commit);
  const held = await heldConstraints(ports.artifacts, spec, input.constraintsDigest);
  return {
    goal: spec.instruction,
    constraints: [...held, ...(await steersSoFar(ports, input.previousRecord))],
    plan: input.steps,
    touchedFiles: touched.map((change) => change.path),
    lastChecks:
      record === null ? [] : record.evaluate.checks.map((check) => `${check.name}: ${check.status}`),
  };
}

const maxPinnedSteers = 50;

/** What people have said since the task began, the newest ones when there are many, oldest first: a summary may forget it, the records do not. */
async function steersSoFar(
  { artifacts }: Pick<Ports, 'artifacts'>,
  head: Digest | null,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (let digest = head; digest !== null && found.length < maxPinnedSteers; ) {
    const record: IterationRecord = await loadRecord(artifacts, digest);
    found.unshift(...record.steers.map((steer) => `${steer.by} says: ${steer.text}`));
    digest = record.previous;
  }
  return found.slice(-maxPinnedSteers);
}

function sharedItems(before: readonly TranscriptItem[], after: readonly TranscriptItem[]): number {
  const first = after.findIndex((item, index) => JSON.stringify(item) !== JSON.stringify(before[index]));
  return first === -1 ? after.length : first;
}
