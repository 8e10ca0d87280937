import { z } from 'zod';
import type { TranscriptItem } from '../../contracts/model-client.ts';

/** The body comes from `JSON.parse`: an object in it is a JSON object, and looking into each would cost more than the answer. */
const ItemSchema = z.custom<TranscriptItem>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'is no object',
);
const RequestSchema = z
  .object({
    model: z.string().min(1),
    input: z.union([
      z.array(ItemSchema),
      z.string().transform((content): TranscriptItem[] => [{ type: 'message', role: 'user', content }]),
    ]),
    tools: z.array(ItemSchema).default([]),
    tool_choice: z.json().optional(),
    stream: z.boolean().nullish(),
    prompt_cache_key: z.string().nullish(),
    store: z.boolean().nullish(),
    background: z.boolean().nullish(),
  })
  .refine(
    ({ background, store }) => background !== true || store === true,
    'a background response has to be stored',
  );
/** A request of the Responses API, as far as a scripted model reads it. */
export type ScriptedRequest = z.infer<typeof RequestSchema>;

/** Reads a request's body; a string says why it is refused. */
export function parseRequest(body: Uint8Array): ScriptedRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return 'the body is no JSON';
  }
  const parsed = RequestSchema.safeParse(value);
  return parsed.success ? parsed.data : z.prettifyError(parsed.error);
}

/** Whether the request asks for a summary: tools are there to keep the cache, and may not be called. */
export function asksForSummary(request: ScriptedRequest): boolean {
  return request.tool_choice === 'none';
}

/** The text of a message item; empty for any other. */
export function messageText(item: TranscriptItem): string {
  const content = item['content'];
  if (typeof content === 'string') return content;
  return Array.isArray(content) ? content.map(partText).join('\n') : '';
}

function partText(part: unknown): string {
  if (typeof part !== 'object' || part === null || !('text' in part)) return '';
  return typeof part.text === 'string' ? part.text : '';
}
