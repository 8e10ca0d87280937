import type { Digest } from './ids.ts';

/**
 * Bytes stored by their SHA-256 digest. Writing is atomic and idempotent: a reader sees the whole artifact or none.
 * Throws `artifact.not_found`, `artifact.corrupted` (the bytes do not have that digest), `artifact.store_full`, `artifact.store_unavailable`.
 */
export interface ArtifactStore {
  put(bytes: Uint8Array): Promise<Digest>;
  get(digest: Digest): Promise<Uint8Array>;
  has(digest: Digest): Promise<boolean>;
}
