import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Digest } from './ids.ts';

/** SHA-256 of bytes, as `sha256:<hex>`. */
export function digestOf(bytes: Uint8Array): Digest {
  return digestOfParts([bytes]);
}

/** SHA-256 of all parts in order, without making one of them. */
export function digestOfParts(parts: readonly Uint8Array[]): Digest {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return `sha256:${hash.digest('hex')}` as Digest;
}

/** A JSON value's bytes in the canonical form of RFC 8785, so that equal values have equal digests. Throws on what JSON cannot hold. */
export function canonicalBytes(value: unknown): Uint8Array {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('canonicalBytes: expected a JSON value, got undefined');
  return new TextEncoder().encode(text);
}
