import { createHash, randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { LonghaulError } from '../../contracts/error.ts';
import { diskFull } from '../keeper/git.ts';
import { errnoOf } from '../lease-files.ts';

export interface Incoming {
  readonly packBytes: number;
  readonly hash: 'sha1' | 'sha256';
  /** `objects/pack` of a repository. */
  readonly directory: string;
}

/**
 * Puts a pack and the index that follows it into a repository, as they arrive: whole, or nothing. Both end with their checksum, and the index
 * names the pack's (gitformat-pack(5)). Throws `sandbox.start_failed`, `sandbox.disk_full`.
 */
export async function takePack(bytes: Readable, { packBytes, hash, directory }: Incoming): Promise<void> {
  const fresh = path.join(directory, `incoming-${randomBytes(6).toString('hex')}`);
  const files = [`${fresh}.pack-part`, `${fresh}.idx-part`] as const;
  try {
    const [pack, index] = [await writeChecked(files[0], hash), await writeChecked(files[1], hash)];
    try {
      let left = packBytes;
      for await (const chunk of bytes as AsyncIterable<Buffer>) {
        await pack.write(chunk.subarray(0, left));
        await index.write(chunk.subarray(left));
        left = Math.max(0, left - chunk.length);
      }
    } finally {
      await Promise.all([pack.close(), index.close()]);
    }
    const name = path.join(directory, `pack-${pack.trailer().toString('hex')}`);
    if (!pack.isWhole() || !index.isWhole()) throw torn();
    // Git finds a pack by its index.
    renameSync(files[0], `${name}.pack`);
    renameSync(files[1], `${name}.idx`);
  } catch (error) {
    if (errnoOf(error) === 'ENOSPC') throw diskFull('the source');
    throw error;
  } finally {
    for (const file of files) rmSync(file, { force: true });
  }
}

/** A file that ends with the checksum of all before. */
async function writeChecked(file: string, algorithm: Incoming['hash']) {
  const handle = await open(file, 'wx', 0o444);
  const hash = createHash(algorithm);
  const sumBytes = algorithm === 'sha256' ? 32 : 20;
  let tail = Buffer.alloc(0);
  return {
    async write(chunk: Buffer): Promise<void> {
      if (chunk.length === 0) return;
      if (chunk.length >= sumBytes) {
        hash.update(tail).update(chunk.subarray(0, -sumBytes));
        tail = Buffer.from(chunk.subarray(-sumBytes));
      } else {
        const joined = Buffer.concat([tail, chunk]);
        hash.update(joined.subarray(0, Math.max(0, joined.length - sumBytes)));
        tail = joined.subarray(-sumBytes);
      }
      await handle.writeFile(chunk);
    },
    close: () => handle.close(),
    trailer: () => tail,
    isWhole: () => tail.length === sumBytes && hash.digest().equals(tail),
  };
}

function torn(): LonghaulError {
  return new LonghaulError(
    'sandbox.start_failed',
    'The source did not arrive as it was sent: a checksum does not fit. Release the lease and acquire the next one.',
  );
}
