import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { LonghaulError } from '../../contracts/error.ts';
import { errnoOf } from '../lease-files.ts';
import type { PodLease, PodSetupCall } from '../protocol.ts';
import { podPlace } from './places.ts';
import type { BroughtSetup } from './pod-lease.ts';
import { archiveName, describeArchive } from './setup-archive.ts';

type Part = Extract<PodSetupCall, { call: 'bring' }>;
type Whole = Extract<PodSetupCall, { call: 'unpack' }>;

/** Takes in what a lease is to be made with: in parts, from any number of workers, until one of them says that it is whole. */
export interface BroughtSetups {
  bring(part: Part, bytes: Buffer): void;
  /** Throws `sandbox.start_failed` when the archive is not what it should be. */
  take(whole: Whole, exclude: Buffer): Promise<void>;
  /** Throws `sandbox.start_failed` for a lease whose setup was not brought. */
  forLease(lease: PodLease): BroughtSetup | null;
}

export function createBroughtSetups(): BroughtSetups {
  let setup: BroughtSetup | null = null;
  const fileOf = (digest: Part['archive']): string => path.join(podPlace.control, archiveName(digest));
  return {
    bring({ archive, offset }, bytes) {
      const fd = openForParts(fileOf(archive));
      try {
        for (let done = 0; done < bytes.length; )
          done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
      } finally {
        closeSync(fd);
      }
    },
    async take({ archive, reused }, exclude) {
      const found = archive.bytes === 0 ? archive : await describeArchive(fileOf(archive.digest));
      if (found.digest !== archive.digest || found.bytes !== archive.bytes) {
        rmSync(fileOf(archive.digest), { force: true });
        throw new LonghaulError(
          'sandbox.start_failed',
          `The setup's result came as ${found.bytes} bytes (${found.digest}), and ${archive.bytes} (${archive.digest}) were sent. Acquire the lease again.`,
        );
      }
      setup ??= { archive, reused, exclude };
    },
    forLease({ leaseId, setupDigest }) {
      // In the pod of a setup nothing is brought, and its lease has none.
      if (setupDigest === null) return null;
      if (setup !== null) return setup;
      throw new LonghaulError(
        'sandbox.start_failed',
        `The pod of lease ${leaseId} was not given the result of setup ${setupDigest}. Acquire the lease again.`,
      );
    },
  };
}

/** Read-only for the agent in any case: its container shows the directory so. */
function openForParts(file: string): number {
  try {
    return openSync(file, 'r+');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return openSync(file, 'w+', 0o600);
  }
}
