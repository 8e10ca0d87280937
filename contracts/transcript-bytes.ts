import type { TranscriptItem } from './model-client.ts';

/**
 * Items of a transcript as they are sent and stored: their JSON, joined by commas, without brackets. One that only grows is extended by
 * copying bytes; nothing of it is written or read again.
 */
export interface TranscriptBytes {
  readonly json: Uint8Array;
  readonly items: number;
}

export const noItems: TranscriptBytes = { json: new Uint8Array(), items: 0 };

export function toTranscriptBytes(items: readonly TranscriptItem[]): TranscriptBytes {
  return { json: new TextEncoder().encode(JSON.stringify(items).slice(1, -1)), items: items.length };
}

/** One after the other, copied once. */
export function joinTranscripts(...transcripts: readonly TranscriptBytes[]): TranscriptBytes {
  const parts = transcripts.filter(({ items }) => items > 0);
  const [only] = parts;
  if (parts.length <= 1) return only ?? noItems;
  const json = Buffer.concat(
    parts.flatMap((part, index) => (index === 0 ? [part.json] : [comma, part.json])),
  );
  return { json, items: parts.reduce((sum, { items }) => sum + items, 0) };
}

const comma = Buffer.from(',');

/** The items, parsed. For the few places that look into a whole transcript: its cost grows with it. */
export function transcriptItems({ json }: TranscriptBytes): readonly TranscriptItem[] {
  return JSON.parse(`[${new TextDecoder().decode(json)}]`) as TranscriptItem[];
}
