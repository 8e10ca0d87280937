import { z } from 'zod';
import type { TranscriptRef } from '../contracts/activities.ts';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import { type Digest, DigestSchema } from '../contracts/ids.ts';
import { type TranscriptItem, TranscriptItemSchema } from '../contracts/model-client.ts';
import { getJson } from './artifact-json.ts';

const SegmentSchema = z.strictObject({
  previous: DigestSchema.nullable(),
  items: z.array(TranscriptItemSchema),
});

const cachedTranscripts = 64;

export interface TranscriptStore {
  load(ref: TranscriptRef | null): Promise<readonly TranscriptItem[]>;
  /** Appends, or begins anew when `after` is null; nothing that was stored before is written again. */
  append(
    after: { readonly ref: TranscriptRef; readonly items: readonly TranscriptItem[] } | null,
    items: readonly TranscriptItem[],
    tokens: number,
  ): Promise<TranscriptRef>;
}

/** The transcript as a chain of artifacts, newest first, so that an iteration stores only what it adds. Keeps the newest ones of this worker's tasks in memory. */
export function createTranscriptStore(store: ArtifactStore): TranscriptStore {
  const cache = new Map<Digest, readonly TranscriptItem[]>();
  const remember = (digest: Digest, items: readonly TranscriptItem[]) => {
    cache.delete(digest);
    cache.set(digest, items);
    const oldest = cache.keys().next().value;
    if (cache.size > cachedTranscripts && oldest !== undefined) cache.delete(oldest);
  };
  return {
    async load(ref) {
      if (ref === null) return [];
      const segments: (readonly TranscriptItem[])[] = [];
      for (let digest: Digest | null = ref.digest; digest !== null; ) {
        const known = cache.get(digest);
        if (known) {
          segments.push(known);
          break;
        }
        const segment: z.infer<typeof SegmentSchema> = await getJson(store, digest, SegmentSchema);
        segments.push(segment.items);
        digest = segment.previous;
      }
      const items = segments.reverse().flat();
      remember(ref.digest, items);
      return items;
    },
    async append(after, items, tokens) {
      // Not canonical JSON: the order of an item's keys is part of the bytes that the provider has cached.
      const text = JSON.stringify({ previous: after?.ref.digest ?? null, items });
      const digest = await store.put(new TextEncoder().encode(text));
      const all = after === null ? items : [...after.items, ...items];
      remember(digest, all);
      return { digest, items: all.length, tokens };
    },
  };
}
