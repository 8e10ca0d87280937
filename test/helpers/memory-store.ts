import type { ArtifactStore } from '../../contracts/artifact-store.ts';
import { digestOf } from '../../contracts/digest.ts';
import { LonghaulError } from '../../contracts/error.ts';
import type { Digest } from '../../contracts/ids.ts';

export interface MemoryStore extends ArtifactStore {
  /** Replaces the stored bytes behind the store's back. */
  damage(digest: Digest): void;
  readonly digests: () => readonly Digest[];
}

/** An artifact store for tests; passes the conformance suite of the port. */
export function createMemoryStore(): MemoryStore {
  const held = new Map<Digest, Uint8Array>();
  return {
    async put(bytes) {
      const digest = digestOf(bytes);
      held.set(digest, Uint8Array.from(bytes));
      return digest;
    },
    async get(digest) {
      const bytes = held.get(digest);
      if (bytes === undefined) {
        throw new LonghaulError('artifact.not_found', `the artifact ${digest} is not in memory`);
      }
      if (digestOf(bytes) !== digest) {
        throw new LonghaulError('artifact.corrupted', `the artifact ${digest} is damaged in memory`);
      }
      return Uint8Array.from(bytes);
    },
    async has(digest) {
      return held.has(digest);
    },
    damage(digest) {
      held.set(digest, Buffer.from('not what it was'));
    },
    digests: () => [...held.keys()],
  };
}
