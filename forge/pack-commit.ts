import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { formatOf } from './layout.ts';

const headerBytes = 12;
const commitType = 1;
const maxCommitBytes = 1024 * 1024;

/**
 * The parents of `commit` where a pack (gitformat-pack(5), version 2) begins with it, as git writes them; undefined otherwise. What is read has
 * the hash `commit`, so nobody can have chosen other parents for it. Whether the rest of the pack is any good, `git index-pack` has to say.
 */
export function parentsInPack(pack: Uint8Array, commit: string): readonly string[] | undefined {
  const bytes = firstCommit(pack);
  if (bytes === undefined) return undefined;
  const named = createHash(formatOf(commit)).update(`commit ${bytes.length}\0`).update(bytes).digest('hex');
  if (named !== commit) return undefined;
  const [head = ''] = bytes.toString('latin1').split('\n\n', 1);
  const lines = head.split('\n').slice(1);
  const end = lines.findIndex((line) => !line.startsWith('parent '));
  return lines.slice(0, end).map((line) => line.slice('parent '.length));
}

function firstCommit(pack: Uint8Array): Buffer | undefined {
  const all = Buffer.from(pack.buffer, pack.byteOffset, pack.byteLength);
  if (all.length <= headerBytes || all.toString('latin1', 0, 4) !== 'PACK' || all.readUInt32BE(4) !== 2)
    return undefined;
  let at = headerBytes;
  let byte = all[at++] ?? 0;
  if (((byte >> 4) & 7) !== commitType) return undefined;
  let size = byte & 15;
  for (let shift = 4; byte >= 128 && size <= maxCommitBytes; shift += 7) {
    byte = all[at++] ?? 0;
    size += (byte & 127) * 2 ** shift;
  }
  if (size > maxCommitBytes) return undefined;
  try {
    const bytes = inflateSync(all.subarray(at), { maxOutputLength: Math.max(1, size) });
    return bytes.length === size ? bytes : undefined;
  } catch {
    return undefined;
  }
}
