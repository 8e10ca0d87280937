import { createHash } from 'node:crypto';
import type { Digest } from '../contracts/ids.ts';

/** The name that an artifact with these bytes has. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}
