import type { PlanInput } from '../contracts/activities.ts';
import type { TokenUsage, TranscriptItem } from '../contracts/model-client.ts';
import type { ModelDialect } from '../contracts/model-dialect.ts';
import type { TaskSpec } from '../contracts/task.ts';
import { type TranscriptBytes, toTranscriptBytes, transcriptItems } from '../contracts/transcript-bytes.ts';
import { pinnedContext } from './pinned-context.ts';
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
  const compacted = dialect.compacted(items, summary, await pinnedContext(ports, spec, input, dialect));
  return {
    transcript: toTranscriptBytes(wellFormed(compacted)),
    keptPrefixItems: sharedItems(items, compacted),
    usage,
  };
}

function sharedItems(before: readonly TranscriptItem[], after: readonly TranscriptItem[]): number {
  const first = after.findIndex((item, index) => JSON.stringify(item) !== JSON.stringify(before[index]));
  return first === -1 ? after.length : first;
}
