import { z } from 'zod';
import type { TranscriptRef } from '../contracts/activities.ts';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import { LonghaulError } from '../contracts/error.ts';
import { type Digest, DigestSchema } from '../contracts/ids.ts';
import { TranscriptItemSchema } from '../contracts/model-client.ts';
import { joinTranscripts, noItems, type TranscriptBytes } from '../contracts/transcript-bytes.ts';
import { readJson } from './artifact-json.ts';
import { createByteCache } from './byte-cache.ts';

const SegmentSchema = z.strictObject({
  previous: DigestSchema.nullable(),
  items: z.array(TranscriptItemSchema),
});

/** About fifty tasks with transcripts of a million bytes each. */
const maxCachedBytes = 64 * 1024 * 1024;

/** A transcript that lies in the store, and its bytes. */
export interface StoredTranscript {
  readonly ref: TranscriptRef;
  readonly bytes: TranscriptBytes;
}

export interface TranscriptStore {
  load(ref: TranscriptRef): Promise<StoredTranscript>;
  /** Appends, or begins anew when `after` is null; nothing that was stored before is written again. */
  append(
    after: StoredTranscript | null,
    added: TranscriptBytes,
    facts: Pick<TranscriptRef, 'tokens' | 'dialect'>,
  ): Promise<StoredTranscript>;
}

/**
 * The transcript as a chain of artifacts, newest first, so that an iteration stores only what it adds. The newest ones of this worker's
 * tasks are kept in memory, by their digests; without them the same bytes are read from the store.
 */
export function createTranscriptStore(
  store: ArtifactStore,
  cachedBytes: number = maxCachedBytes,
): TranscriptStore {
  const cache = createByteCache<Digest, TranscriptBytes>(cachedBytes, ({ json }) => json.byteLength);
  return {
    async load(ref) {
      const segments: TranscriptBytes[] = [];
      for (let digest: Digest | null = ref.digest; digest !== null; ) {
        const known = cache.get(digest);
        if (known !== undefined) {
          segments.push(known);
          break;
        }
        const segment = await readSegment(store, digest);
        segments.push(segment.bytes);
        digest = segment.previous;
      }
      const bytes = joinTranscripts(...segments.reverse());
      cache.set(ref.digest, bytes);
      return { ref, bytes };
    },
    async append(after, added, { tokens, dialect }) {
      const head = Buffer.from(segmentHead(after?.ref.digest ?? null));
      const digest = await store.put(Buffer.concat([head, added.json, segmentTail]));
      const bytes = joinTranscripts(after?.bytes ?? noItems, added);
      // What it extends is read again only by a try that was recorded nowhere.
      if (after !== null) cache.delete(after.ref.digest);
      cache.set(digest, bytes);
      return { ref: { digest, items: bytes.items, tokens, dialect }, bytes };
    },
  };
}

// Not canonical JSON: the order of an item's keys is part of the bytes that the provider has cached.
const segmentHead = (previous: Digest | null) => `{"previous":${JSON.stringify(previous)},"items":[`;
const segmentTail = Buffer.from(']}');

async function readSegment(store: ArtifactStore, digest: Digest) {
  const stored = await store.get(digest);
  const { previous, items } = readJson(stored, digest, SegmentSchema);
  const head = Buffer.from(segmentHead(previous));
  const end = stored.byteLength - segmentTail.byteLength;
  const framed = head.equals(stored.subarray(0, head.byteLength)) && segmentTail.equals(stored.subarray(end));
  if (!framed) {
    throw new LonghaulError(
      'artifact.corrupted',
      `artifact ${digest} is no segment of a transcript as Longhaul writes one: its bytes cannot be sent again as they were`,
    );
  }
  return { previous, bytes: { json: stored.subarray(head.byteLength, end), items: items.length } };
}
