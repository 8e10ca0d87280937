import type { PlanInput } from '../contracts/activities.ts';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import { digestOfParts } from '../contracts/digest.ts';
import type { Digest } from '../contracts/ids.ts';
import type { ModelRequest } from '../contracts/model-client.ts';
import type { ModelDialect } from '../contracts/model-dialect.ts';
import type { TaskSpec } from '../contracts/task.ts';
import {
  joinTranscripts,
  noItems,
  type TranscriptBytes,
  toTranscriptBytes,
  transcriptItems,
} from '../contracts/transcript-bytes.ts';
import { loadContext } from './load.ts';
import type { Ports } from './ports.ts';
import { sharedItems } from './shared-items.ts';
import { messagesOf, newItems } from './transcript-items.ts';
import type { StoredTranscript, TranscriptStore } from './transcript-store.ts';
import { wellFormed } from './well-formed.ts';

/** What the model is about to be sent. */
export interface Draft {
  readonly dialect: ModelDialect;
  /** The transcript as stored, and what this iteration adds to it. */
  readonly base: StoredTranscript | null;
  readonly added: TranscriptBytes;
  /** Both as this model can read them, where another one wrote what is stored; null where nothing of it had to change. */
  readonly rewritten: { readonly bytes: TranscriptBytes; readonly keptPrefixItems: number } | null;
}

export async function draftOf(
  ports: Pick<Ports, 'artifacts' | 'dialect'>,
  transcripts: TranscriptStore,
  spec: TaskSpec,
  input: PlanInput,
): Promise<Draft> {
  const dialect = ports.dialect(input.model);
  const { transcript } = input;
  const [base, added] = await Promise.all([
    transcript === null ? null : transcripts.load(transcript),
    addedItems(ports.artifacts, spec, input, dialect),
  ]);
  const draft = { dialect, base, added: toTranscriptBytes(wellFormed(added)), rewritten: null };
  return isForAnother(draft) ? { ...draft, rewritten: rewrite(draft) } : draft;
}

/** Whether the transcript, as stored, was written for another model, or for other tools of this one. */
export function isForAnother({ base, dialect }: Pick<Draft, 'base' | 'dialect'>): boolean {
  return base !== null && base.ref.dialect !== dialect.id;
}

function rewrite(draft: Draft): Draft['rewritten'] {
  const before = transcriptItems(whole(draft));
  const after = draft.dialect.rewritten(before);
  const keptPrefixItems = sharedItems(before, after);
  return keptPrefixItems === before.length ? null : { bytes: toTranscriptBytes(after), keptPrefixItems };
}

function addedItems(artifacts: ArtifactStore, spec: TaskSpec, input: PlanInput, dialect: ModelDialect) {
  if (input.transcript === null) return firstItems(artifacts, spec, input, dialect);
  return input.compaction === null ? newItems(artifacts, dialect, input) : messagesOf(dialect, input);
}

async function firstItems(artifacts: ArtifactStore, spec: TaskSpec, input: PlanInput, dialect: ModelDialect) {
  const { text } = await loadContext(artifacts, input.contextDigest);
  const first = dialect.firstItems({
    contextText: text,
    instruction: spec.instruction,
    constraints: spec.constraints,
  });
  return [...first, ...messagesOf(dialect, input)];
}

export function whole({ base, added, rewritten }: Draft): TranscriptBytes {
  return rewritten?.bytes ?? joinTranscripts(base?.bytes ?? noItems, added);
}

export function tokensOf(draft: Draft): number {
  return draft.dialect.estimateTokens(whole(draft));
}

export function requestOf(spec: TaskSpec, draft: Draft, { model, pace }: PlanInput): ModelRequest {
  return {
    model,
    effort: pace.effort,
    input: whole(draft),
    tools: draft.dialect.tools,
    promptCacheKey: spec.taskId,
  };
}

/** Digest of the request as one JSON text, its fields in the order of `ModelRequest` and its input as an array. */
export function requestDigest({ model, effort, input, tools, promptCacheKey }: ModelRequest): Digest {
  const head = JSON.stringify({ model, effort }).slice(0, -1);
  const tail = JSON.stringify({ tools, promptCacheKey }).slice(1);
  return digestOfParts([Buffer.from(`${head},"input":[`), input.json, Buffer.from(`],${tail}`)]);
}
