import type { CompactionFacts, PlanInput, TranscriptRef } from '../contracts/activities.ts';
import type { Digest } from '../contracts/ids.ts';
import { joinTranscripts, type TranscriptBytes } from '../contracts/transcript-bytes.ts';
import { type Draft, tokensOf } from './plan-request.ts';
import type { TranscriptStore } from './transcript-store.ts';

/** Stores what was sent and answered: what it adds to the transcript, or all of it where another model wrote what was before. */
export async function storeAnswered(
  transcripts: TranscriptStore,
  { base, added, rewritten, dialect }: Draft,
  output: TranscriptBytes,
  tokens: number,
): Promise<TranscriptRef> {
  const facts = { tokens, dialect: dialect.id };
  const { ref } =
    rewritten === null
      ? await transcripts.append(base, joinTranscripts(added, output), facts)
      : await transcripts.append(null, joinTranscripts(rewritten.bytes, output), facts);
  return ref;
}

/**
 * Stores what the iteration began with whole, with what it has added, before anything is taken out of it: nothing is lost to whoever reads
 * the record. Was something taken out in this iteration before, that one is stored already.
 */
export async function storeDropped(
  transcripts: TranscriptStore,
  draft: Draft,
  { compaction }: Pick<PlanInput, 'compaction'>,
): Promise<Digest> {
  if (compaction !== null) return compaction.droppedDigest;
  const { base, added, dialect } = draft;
  const facts = { tokens: tokensOf(draft), dialect: base?.ref.dialect ?? dialect.id };
  return (await transcripts.append(base, added, facts)).ref.digest;
}

/** What the record says of the transcript's beginning: the compaction before this plan, a rewriting for another model, both, or null. */
export async function changedPrefix(
  transcripts: TranscriptStore,
  draft: Draft,
  input: Pick<PlanInput, 'compaction'>,
): Promise<CompactionFacts | null> {
  if (draft.rewritten === null) return input.compaction;
  const droppedDigest = await storeDropped(transcripts, draft, input);
  return { keptPrefixItems: keptOf(draft, input), droppedDigest };
}

/** How many items at the start of the task's transcript are as they were when the iteration began, `kept` of them after what comes next. */
export function keptOf(
  { rewritten }: Draft,
  { compaction }: Pick<PlanInput, 'compaction'>,
  kept: number = Number.MAX_SAFE_INTEGER,
): number {
  const all = Number.MAX_SAFE_INTEGER;
  return Math.min(kept, rewritten?.keptPrefixItems ?? all, compaction?.keptPrefixItems ?? all);
}
