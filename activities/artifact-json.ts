import type { z } from 'zod';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import { canonicalBytes } from '../contracts/digest.ts';
import { LonghaulError } from '../contracts/error.ts';
import type { Digest } from '../contracts/ids.ts';
import { wellFormed } from './well-formed.ts';

/** Stores a JSON value in canonical form (RFC 8785), so that equal values have one digest. */
export function putJson(store: ArtifactStore, value: unknown): Promise<Digest> {
  return store.put(canonicalBytes(wellFormed(value)));
}

/** Reads a JSON artifact. Throws `artifact.corrupted` when it is not what the schema says: its digest is right, so it was written wrongly. */
export async function getJson<T>(store: ArtifactStore, digest: Digest, schema: z.ZodType<T>): Promise<T> {
  return readJson(await store.get(digest), digest, schema);
}

/** As `getJson`, of bytes that were read already. */
export function readJson<T>(bytes: Uint8Array, digest: Digest, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(jsonOf(new TextDecoder().decode(bytes)));
  if (parsed.success) return parsed.data;
  throw new LonghaulError(
    'artifact.corrupted',
    `artifact ${digest} does not hold what its place expects: ${parsed.error.message}`,
    {
      cause: parsed.error,
    },
  );
}

/** Undefined, which no schema here takes, for what is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
