import type { TranscriptItem } from '../../contracts/model-client.ts';

type Json = TranscriptItem[string];

/** A complete response as the API gives it. */
export function responseObject(input: {
  readonly id: string;
  readonly model: string;
  readonly output: readonly TranscriptItem[];
  readonly usage: TranscriptItem;
}): TranscriptItem {
  return {
    id: input.id,
    object: 'response',
    created_at: 1_700_000_000,
    status: 'completed',
    error: null,
    incomplete_details: null,
    model: input.model,
    output: [...input.output],
    parallel_tool_calls: true,
    store: false,
    usage: input.usage,
  };
}

/**
 * The events of one response, in the order of the API: created, in progress, each item with its parts and deltas, completed.
 * Source: https://platform.openai.com/docs/api-reference/responses-streaming
 */
export function responseEvents(response: TranscriptItem): readonly TranscriptItem[] {
  const output = outputOf(response);
  const begun = { ...response, status: 'in_progress', output: [], usage: null };
  const events: TranscriptItem[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    ...output.flatMap(itemEvents),
    { type: 'response.completed', response },
  ];
  return events.map((event, index) => ({ ...event, sequence_number: index }));
}

/** One event on the wire. */
export function serverSentEvent(event: TranscriptItem): string {
  return `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`;
}

function outputOf(response: TranscriptItem): readonly TranscriptItem[] {
  const output = response['output'];
  return Array.isArray(output) ? output.filter(isObject) : [];
}

function isObject(value: Json): value is TranscriptItem {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function itemEvents(item: TranscriptItem, index: number): readonly TranscriptItem[] {
  const at = { output_index: index, item_id: item['id'] ?? '' };
  return [
    { type: 'response.output_item.added', output_index: index, item: begun(item) },
    ...partEvents(item, at),
    { type: 'response.output_item.done', output_index: index, item },
  ];
}

/** An item before anything of it has come. */
function begun(item: TranscriptItem): TranscriptItem {
  const empty: TranscriptItem = {};
  if (item['type'] === 'message') empty['content'] = [];
  if (item['type'] === 'function_call') empty['arguments'] = '';
  if (item['type'] === 'custom_tool_call') empty['input'] = '';
  return { ...item, ...empty, status: 'in_progress' };
}

function partEvents(item: TranscriptItem, at: TranscriptItem): readonly TranscriptItem[] {
  switch (String(item['type'])) {
    case 'message':
      return textEvents(item, { ...at, content_index: 0 });
    case 'function_call':
      return deltas('response.function_call_arguments', 'arguments', item['arguments'], at);
    case 'custom_tool_call':
      return deltas('response.custom_tool_call_input', 'input', item['input'], at);
    default:
      return [];
  }
}

function textEvents(item: TranscriptItem, at: TranscriptItem): readonly TranscriptItem[] {
  const part = Array.isArray(item['content']) ? item['content'][0] : undefined;
  if (part === undefined || !isObject(part)) return [];
  return [
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    ...deltas('response.output_text', 'text', part['text'], at),
    { type: 'response.content_part.done', ...at, part },
  ];
}

function deltas(
  type: string,
  field: string,
  value: Json | undefined,
  at: TranscriptItem,
): readonly TranscriptItem[] {
  const text = typeof value === 'string' ? value : '';
  const size = Math.max(64, Math.ceil(text.length / 32));
  const events: TranscriptItem[] = [];
  for (let start = 0; start < text.length; start += size) {
    events.push({ type: `${type}.delta`, ...at, delta: text.slice(start, start + size) });
  }
  return [...events, { type: `${type}.done`, ...at, [field]: text }];
}
