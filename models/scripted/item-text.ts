import type { TranscriptItem } from '../../contracts/model-client.ts';

const texts = new WeakMap<TranscriptItem, string>();

/** An item's JSON. Written once for each item that came in: a long transcript is compared, counted and remembered in every request. */
export function itemText(item: TranscriptItem): string {
  const text = texts.get(item) ?? JSON.stringify(item);
  texts.set(item, text);
  return text;
}

/** About how many tokens the items are, four bytes each, as `estimateTokens` counts. */
export function itemTokens(items: readonly TranscriptItem[]): number {
  return Math.ceil(items.reduce((bytes, item) => bytes + Buffer.byteLength(itemText(item)), 0) / 4);
}
