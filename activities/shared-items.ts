import type { TranscriptItem } from '../contracts/model-client.ts';

/** How many items both transcripts begin with. */
export function sharedItems(before: readonly TranscriptItem[], after: readonly TranscriptItem[]): number {
  const first = after.findIndex((item, index) => JSON.stringify(item) !== JSON.stringify(before[index]));
  return first === -1 ? after.length : first;
}
