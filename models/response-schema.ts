import { z } from 'zod';
import type { ModelResponse, TokenUsage, TranscriptItem } from '../contracts/model-client.ts';

/** What a completed response is taken to be worth when the server counts no tokens. */
export interface CallSize {
  readonly model: string;
  readonly requestBytes: number;
}

const count = z.int().nonnegative();
const UsageSchema = z.object({
  input_tokens: count,
  input_tokens_details: z.object({ cached_tokens: count.nullish() }).nullish(),
  output_tokens: count,
  output_tokens_details: z.object({ reasoning_tokens: count.nullish() }).nullish(),
});
const ResponseSchema = z.object({
  id: z.string().nullish(),
  model: z.string().nullish(),
  output: z.array(z.unknown()).nullish(),
  usage: UsageSchema.nullish(),
});
const name = z.string().min(1);
const ItemSchema = z.union([
  z.looseObject({ type: z.literal('function_call'), call_id: name, name, arguments: z.string() }),
  z.looseObject({ type: z.literal('custom_tool_call'), call_id: name, name, input: z.string() }),
  z.looseObject({ type: z.literal('message'), content: z.array(z.looseObject({ type: name })) }),
  z.looseObject({
    type: name.refine((type) => !['function_call', 'custom_tool_call', 'message'].includes(type)),
  }),
]);

/**
 * Checks a completed response at the edge. The items themselves are given back as they came, not as the schema would write them. A server
 * that lists its items only by events (`streamed`), or counts no tokens, is served: four bytes are taken as a token. Returns a reason when
 * the response is of no use.
 */
export function parseResponse(
  response: unknown,
  streamed: readonly unknown[],
  size: CallSize,
): { readonly ok: true; readonly response: ModelResponse } | { readonly ok: false; readonly reason: string } {
  const parsed = ResponseSchema.safeParse(response);
  if (!parsed.success) return { ok: false, reason: reasonOf(parsed.error) };
  const { data } = parsed;
  const output =
    data.output === null || data.output === undefined || data.output.length === 0 ? streamed : data.output;
  const items = checkItems(output);
  if (typeof items === 'string') return { ok: false, reason: items };
  return {
    ok: true,
    response: {
      responseId: data.id ?? '',
      model: data.model ?? size.model,
      output: items,
      usage: data.usage ? toUsage(data.usage) : estimate(size, items),
    },
  };
}

const UsedSchema = z.object({ usage: UsageSchema });

/** The tokens that a server counts for a response, of use or not; empty when it counts none. */
export function countedTokens(response: unknown): TokenUsage | Record<never, never> {
  const parsed = UsedSchema.safeParse(response);
  return parsed.success ? toUsage(parsed.data.usage) : {};
}

function checkItems(output: readonly unknown[]): readonly TranscriptItem[] | string {
  if (output.length === 0) return 'it holds no output item';
  const items: TranscriptItem[] = [];
  const callIds = new Set<string>();
  for (const [index, item] of output.entries()) {
    const parsed = ItemSchema.safeParse(item);
    if (!parsed.success) return `output item ${index} is malformed: ${reasonOf(parsed.error)}`;
    if (!isItem(item)) return `output item ${index} is no object`;
    const callId = item['call_id'];
    if (typeof callId !== 'string') {
      items.push(item);
      continue;
    }
    if (callIds.has(callId)) return `two calls have the id ${JSON.stringify(callId)}`;
    callIds.add(callId);
    items.push(item);
  }
  return items;
}

/** Every value here comes from `JSON.parse`, so an object is a JSON object. */
function isItem(value: unknown): value is TranscriptItem {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toUsage(usage: z.infer<typeof UsageSchema>): TokenUsage {
  return {
    inputTokens: usage.input_tokens,
    cachedTokens: Math.min(usage.input_tokens, usage.input_tokens_details?.cached_tokens ?? 0),
    outputTokens: usage.output_tokens,
    reasoningTokens: Math.min(usage.output_tokens, usage.output_tokens_details?.reasoning_tokens ?? 0),
  };
}

function estimate(size: CallSize, items: readonly TranscriptItem[]): TokenUsage {
  return {
    inputTokens: Math.ceil(size.requestBytes / 4),
    cachedTokens: 0,
    outputTokens: Math.ceil(Buffer.byteLength(JSON.stringify(items)) / 4),
    reasoningTokens: 0,
  };
}

function reasonOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined
    ? 'unknown'
    : `${issue.path.map(String).join('.') || 'response'}: ${issue.message}`;
}
