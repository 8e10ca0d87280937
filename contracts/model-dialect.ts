import type { ActionBody, PlanStep } from './action.ts';
import type { TokenUsage, TranscriptItem } from './model-client.ts';
import type { TranscriptBytes } from './transcript-bytes.ts';

/** A call of the model, in Longhaul's words. */
export interface ModelCall {
  readonly callId: string;
  readonly itemType: 'function_call' | 'custom_tool_call';
  readonly call: Exclude<ActionBody, { kind: 'deliver' }>;
}

/** What survives every compaction, from the task's records and not from the model's memory. */
export interface PinnedContext {
  readonly goal: string;
  readonly constraints: readonly string[];
  readonly plan: readonly PlanStep[];
  readonly touchedFiles: readonly string[];
  readonly lastChecks: readonly string[];
}

/**
 * How one model is spoken to: Longhaul's words to items of the Responses API and back. Pure, and stable: the same input gives the same
 * bytes, since every changed byte of a prefix is paid for.
 */
export interface ModelDialect {
  readonly model: string;
  /** The model and the forms of its tools, in some words: what a transcript's calls and reasoning depend on. */
  readonly id: string;
  readonly contextWindowTokens: number;
  readonly tools: readonly TranscriptItem[];
  firstItems(input: {
    readonly contextText: string;
    readonly instruction: string;
    readonly constraints: readonly string[];
  }): readonly TranscriptItem[];
  /** A message of the platform or of a person. */
  message(text: string): TranscriptItem;
  /** The calls in a response, in order; what cannot be understood is `invalid`. */
  calls(output: readonly TranscriptItem[]): readonly ModelCall[];
  /** The item that answers a call; each call needs exactly one. */
  answer(call: Pick<ModelCall, 'callId' | 'itemType'>, text: string): TranscriptItem;
  /** How long each answer may be when an iteration made so many calls: together they fit into the window with room for the work. */
  maxOutputTokens(calls: number): number;
  /** A command's end as text, its output cut in the middle. */
  commandText(
    outcome: { readonly headline: string; readonly durationMs: number; readonly output: Uint8Array },
    maxTokens: number,
  ): string;
  /** An output cut in the middle at the dialect's limit, or at `maxTokens`. */
  cut(output: Uint8Array, maxTokens?: number): string;
  /** The model's own words in a response. */
  words(output: readonly TranscriptItem[]): string;
  /** About how many tokens a transcript is. Good enough to know when to compact, never to pay by. */
  estimateTokens(transcript: TranscriptBytes): number;
  /** A transcript that was written for another model, as this one can read it; every call keeps its id and its answer. */
  rewritten(items: readonly TranscriptItem[]): readonly TranscriptItem[];
  /** The part of a transcript that a summary is asked for. */
  toSummarize(items: readonly TranscriptItem[]): readonly TranscriptItem[];
  compacted(
    items: readonly TranscriptItem[],
    summary: string,
    pinned: PinnedContext,
  ): readonly TranscriptItem[];
  /** Null when the model's price is unknown. */
  costUsd(usage: TokenUsage): number | null;
  /** What a call with this input can cost at most; null when the price is unknown. */
  worstCaseUsd(inputTokens: number): number | null;
}
