import type { OpenAI } from 'openai';
import { Stream } from 'openai/streaming';
import { z } from 'zod';

/** How one response ended. Only `completed` carries anything that may be used. */
export type StreamEnd =
  | { readonly kind: 'completed'; readonly response: unknown; readonly items: readonly unknown[] }
  | { readonly kind: 'failed'; readonly error: unknown; readonly response: unknown }
  | { readonly kind: 'incomplete'; readonly reason: string; readonly response: unknown }
  | { readonly kind: 'ended' };

const EventSchema = z.looseObject({ type: z.string().catch('') });
const IncompleteSchema = z.object({ incomplete_details: z.object({ reason: z.string() }) });
const FailedSchema = z.object({ error: z.unknown() });
const FinalSchema = z.object({ object: z.literal('response').optional(), status: z.string() });

const BegunSchema = z.object({
  type: z.enum(['response.created', 'response.queued']),
  response: z.object({ id: z.string().min(1) }),
});
const GoingOnSchema = z.object({ id: z.string().min(1), status: z.enum(['queued', 'in_progress']) });

export interface StreamListener {
  readonly onCharacters: (count: number) => void;
  readonly onBegun: (responseId: string) => void;
}

/** The id of a response that has not ended yet; undefined for any other document. */
export function goingOn(document: unknown): string | undefined {
  return GoingOnSchema.safeParse(document).data?.id;
}

/** How long a connection may take to end after the answer is complete; a clean end lets the next call use it again. */
const graceMs = 1000;

/**
 * Reads a server-sent event stream whole. Nothing of it is given out before `response.completed`. Throws what the transport throws, and
 * `SyntaxError` for an event that is no JSON. Source: https://platform.openai.com/docs/api-reference/responses-streaming
 */
export async function readStream(
  response: Response,
  client: OpenAI,
  hear: StreamListener,
): Promise<StreamEnd> {
  const items: unknown[] = [];
  const controller = new AbortController();
  const events = Stream.fromSSEResponse<unknown>(response, controller, client, false, 'events')[
    Symbol.asyncIterator
  ]();
  const end = await readToEnd(events, items, hear);
  if (end.kind === 'completed') await drain(events, controller);
  else controller.abort();
  return end;
}

async function readToEnd(
  events: AsyncIterator<unknown>,
  items: unknown[],
  { onCharacters, onBegun }: StreamListener,
): Promise<StreamEnd> {
  for (;;) {
    const next = await events.next();
    if (next.done === true) return { kind: 'ended' };
    const event = EventSchema.safeParse(next.value).data ?? { type: '' };
    if (typeof event['delta'] === 'string') onCharacters(event['delta'].length);
    const begun = BegunSchema.safeParse(event);
    if (begun.success) onBegun(begun.data.response.id);
    if (event.type === 'response.output_item.done') items.push(event['item']);
    const end = endOf(event, items);
    if (end !== undefined) return end;
  }
}

/** Reads a response that came as one JSON document, from a server that does not stream. */
export function readDocument(document: unknown): StreamEnd {
  const status = FinalSchema.safeParse(document).data?.status ?? 'completed';
  if (status === 'failed' || status === 'cancelled') return failed(document);
  if (status === 'incomplete') return incomplete(document);
  if (status !== 'completed') return { kind: 'ended' };
  return { kind: 'completed', response: document, items: [] };
}

function endOf(event: z.infer<typeof EventSchema>, items: readonly unknown[]): StreamEnd | undefined {
  switch (event.type) {
    case 'response.completed':
      return { kind: 'completed', response: event['response'], items };
    case 'response.failed':
    case 'response.cancelled':
      return failed(event['response']);
    case 'response.incomplete':
      return incomplete(event['response']);
    case 'error':
      return { kind: 'failed', error: event['error'] ?? { ...event, type: null }, response: null };
    default:
      return event.type === '' && 'error' in event
        ? { kind: 'failed', error: event['error'], response: null }
        : undefined;
  }
}

function failed(response: unknown): StreamEnd {
  return { kind: 'failed', error: FailedSchema.safeParse(response).data?.error ?? null, response };
}

function incomplete(response: unknown): StreamEnd {
  const parsed = IncompleteSchema.safeParse(response);
  return { kind: 'incomplete', reason: parsed.data?.incomplete_details.reason ?? 'unknown', response };
}

async function drain(events: AsyncIterator<unknown>, controller: AbortController): Promise<void> {
  const timer = setTimeout(() => controller.abort(), graceMs);
  try {
    while ((await events.next()).done !== true);
  } catch {
    // The answer is complete: how the connection ends after it changes nothing.
  } finally {
    clearTimeout(timer);
  }
}
