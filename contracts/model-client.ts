import { z } from 'zod';
import type { TranscriptBytes } from './transcript-bytes.ts';
import type { Effort } from './words/sets.ts';

const JsonObjectSchema = z.record(z.string(), z.json());

/**
 * An item of the Responses API's `input` or `output`, kept as it came: byte-identical items are what the provider's prompt cache hits.
 * Source: https://platform.openai.com/docs/api-reference/responses
 */
export const TranscriptItemSchema = JsonObjectSchema;
export type TranscriptItem = z.infer<typeof TranscriptItemSchema>;

export const TokenUsageSchema = z.strictObject({
  inputTokens: z.int().nonnegative(),
  /** The part of `inputTokens` that came from the provider's cache. */
  cachedTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  /** The part of `outputTokens` that was reasoning. */
  reasoningTokens: z.int().nonnegative(),
});
export type TokenUsage = z.infer<typeof TokenUsageSchema>;

const UnusedAnswerSchema = z.object(TokenUsageSchema.shape);

/** What the server counts for an answer that was of no use, by the details of the error that says so; null when it counts nothing. */
export function usageOfUnused(details: Readonly<Record<string, unknown>>): TokenUsage | null {
  return UnusedAnswerSchema.safeParse(details).data ?? null;
}

export interface ModelRequest {
  readonly model: string;
  readonly effort: Effort;
  readonly input: TranscriptBytes;
  readonly tools: readonly TranscriptItem[];
  readonly promptCacheKey: string;
}

export interface ModelResponse {
  readonly responseId: string;
  /** The model that answered, as the provider names it. */
  readonly model: string;
  /** In order; only of a response that was completed. */
  readonly output: readonly TranscriptItem[];
  readonly usage: TokenUsage;
}

export interface ModelWatch {
  readonly signal: AbortSignal;
  /** Called when bytes arrive, at most four times a second; the count of output characters so far. */
  readonly onProgress: (characters: number) => void;
  /** A response that an earlier try of this very request began, to be picked up instead of a new call; null for a new one. */
  readonly pickUp: string | null;
  /** Told when the server goes on with a response whether or not anybody listens: this id picks it up again. */
  readonly onBackground: (responseId: string) => void;
}

/**
 * A server that speaks the Responses API. Each call is one HTTP request: no retries inside, no partial result. Throws
 * `model.rate_limited`, `model.unavailable`, `model.stream_broken`, `model.bad_response`, `model.quota_exhausted`,
 * `model.unauthorized`, `model.bad_request`, `model.context_exceeded`; `retryAfterMs` is set where the server said when to come again.
 * Where the server counts tokens for an answer that is of no use, the error's `details` hold them, named as in `TokenUsage`; they hold
 * `responseEnded: true` where the response itself has ended, so that picking it up again gives nothing.
 */
export interface ModelClient {
  respond(request: ModelRequest, watch: ModelWatch): Promise<ModelResponse>;
  /** A summary of the transcript, asked with the same tools and prefix so that the cache still hits. At-least-once: each call is paid. */
  compact(
    request: ModelRequest,
    watch: ModelWatch,
  ): Promise<{ readonly summary: string; readonly usage: TokenUsage; readonly responseId: string }>;
  /** Ends a response that goes on in the background. One that has ended, or that the server does not know, is no error. */
  cancel(responseId: string): Promise<void>;
}
