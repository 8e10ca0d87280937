import { createHash } from 'node:crypto';
import { createReadStream, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { LonghaulError } from '../contracts/error.ts';
import type { LeaseId } from '../contracts/ids.ts';
import type { SetupArchive } from '../sandbox/protocol.ts';
import type { PodStart } from './pod-start.ts';
import type { KeptSetup } from './setup-results.ts';

/** A part is held in memory on its way; one that is cut off is sent again. */
const partBytes = 16 * 1024 * 1024;

type Calls = Pick<PodStart, 'callLive'>;

/** Fetches an archive out of the pod of a setup into a file, which must not be there. Throws `sandbox.lost`, `sandbox.start_failed`. */
export async function fetchArchive(
  { callLive }: Calls,
  leaseId: LeaseId,
  archive: SetupArchive,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  const hash = createHash('sha256');
  try {
    await using out = await open(file, 'wx', 0o600);
    for (let offset = 0; offset < archive.bytes; ) {
      const { bytes } = await callLive(leaseId, { call: 'part', offset, length: partBytes }, { signal });
      if (bytes === null || bytes.length === 0) break;
      hash.update(bytes);
      offset += bytes.length;
      await out.writeFile(bytes);
    }
    if (`sha256:${hash.digest('hex')}` !== archive.digest) throw torn(leaseId);
  } catch (error) {
    rmSync(path.dirname(file), { recursive: true, force: true });
    throw error;
  }
}

/** Brings an archive to the pod of a lease, and says that it is whole; done when the lease is being made already. */
export async function bringArchive(
  { callLive }: Calls,
  leaseId: LeaseId,
  { kept, reused }: { readonly kept: KeptSetup; readonly reused: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { archive, archiveFile, exclude } = kept;
  let offset = 0;
  for await (const chunk of createReadStream(archiveFile, { highWaterMark: partBytes })) {
    const stdin = chunk as Buffer;
    const part = { call: 'bring', archive: archive.digest, offset, stdinBytes: stdin.length } as const;
    const { value: wanted } = await callLive(leaseId, part, { stdin, signal });
    if (wanted !== true) return;
    offset += stdin.length;
  }
  const whole = { call: 'unpack', archive, reused, stdinBytes: exclude.length } as const;
  await callLive(leaseId, whole, { stdin: exclude, signal });
}

function torn(leaseId: LeaseId): LonghaulError {
  return new LonghaulError(
    'sandbox.start_failed',
    `The result of the setup ${leaseId} did not come whole out of its pod. Acquire the lease again.`,
  );
}
