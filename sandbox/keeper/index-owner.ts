import { createHash } from 'node:crypto';

const headerBytes = 12;
const statBytes = 40;
const ownerOffset = { uid: 28, gid: 32 } as const;
const flagBytes = 2;
const longName = 0xfff;

/**
 * An index with every file owned by another user: inside a sandbox the same files show another owner, and git would read each of them
 * again at every status. The format is that of gitformat-index(5), version 2; any other is given back as it is, which only costs time.
 */
export function withOwner(
  index: Buffer,
  owner: { readonly uid: number; readonly gid: number },
  hash: 'sha1' | 'sha256',
): Buffer {
  if (
    index.length < headerBytes ||
    index.toString('latin1', 0, 4) !== 'DIRC' ||
    index.readUInt32BE(4) !== 2
  ) {
    return index;
  }
  const hashBytes = hash === 'sha1' ? 20 : 32;
  const fixedBytes = statBytes + hashBytes + flagBytes;
  const changed = Buffer.from(index);
  let at = headerBytes;
  for (let entry = changed.readUInt32BE(8); entry > 0; entry -= 1) {
    changed.writeUInt32BE(owner.uid, at + ownerOffset.uid);
    changed.writeUInt32BE(owner.gid, at + ownerOffset.gid);
    const flagged = changed.readUInt16BE(at + fixedBytes - flagBytes) & longName;
    const nameBytes = flagged < longName ? flagged : changed.indexOf(0, at + fixedBytes) - at - fixedBytes;
    // One to eight NUL bytes fill an entry up to a multiple of eight.
    at += (fixedBytes + nameBytes + 8) & ~7;
  }
  const body = changed.subarray(0, -hashBytes);
  return Buffer.concat([body, createHash(hash).update(body).digest()]);
}
