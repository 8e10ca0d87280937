import type { PlanInput } from '../contracts/activities.ts';
import type { ModelWatch, TokenUsage } from '../contracts/model-client.ts';
import type { ModelDialect } from '../contracts/model-dialect.ts';
import type { TaskSpec } from '../contracts/task.ts';
import { type TranscriptBytes, toTranscriptBytes, transcriptItems } from '../contracts/transcript-bytes.ts';
import { pinnedContext } from './pinned-context.ts';
import type { Ports } from './ports.ts';
import { sharedItems } from './shared-items.ts';
import { wellFormed } from './well-formed.ts';

export interface Compaction {
  readonly transcript: TranscriptBytes;
  /** How many items at the start are as they were. */
  readonly keptPrefixItems: number;
  readonly usage: TokenUsage;
  readonly responseId: string;
}

/** Shortens the transcript by a summary of the model's own and the facts of the task's records. At-least-once: the summary is paid on each call. */
export async function compactTranscript(
  ports: Pick<Ports, 'model' | 'artifacts' | 'repositories'>,
  request: {
    readonly spec: TaskSpec;
    readonly dialect: ModelDialect;
    readonly transcript: TranscriptBytes;
    readonly input: PlanInput;
    readonly watch: ModelWatch;
  },
): Promise<Compaction> {
  const { spec, dialect, transcript, input, watch } = request;
  const items = transcriptItems(transcript);
  const { summary, usage, responseId } = await ports.model.compact(
    {
      model: input.model,
      effort: 'low',
      input: toTranscriptBytes(dialect.toSummarize(items)),
      tools: dialect.tools,
      promptCacheKey: spec.taskId,
    },
    watch,
  );
  const compacted = dialect.compacted(items, summary, await pinnedContext(ports, spec, input, dialect));
  return {
    transcript: toTranscriptBytes(wellFormed(compacted)),
    keptPrefixItems: sharedItems(items, compacted),
    usage,
    responseId,
  };
}
