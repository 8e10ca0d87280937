import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readJsonFile } from '../sandbox/lease-files.ts';
import type { SetupArchive } from '../sandbox/protocol.ts';

const file = { archive: 'result.tar', exclude: 'exclude', facts: 'facts.json' } as const;

/** What a setup has left, on the worker's side. The bytes are what a sandbox wrote: nothing here looks into them. */
export interface KeptSetup {
  readonly archive: SetupArchive;
  readonly archiveFile: string;
  readonly exclude: Buffer;
  /** The image that its commands ran in. */
  readonly imageId: string;
}

export interface SetupResults {
  find(key: string): KeptSetup | null;
  /** A place for an archive that comes in. The caller removes it, or keeps it. */
  newArchive(): string;
  /** Puts a result in its place, whole or not at all. When another one was first, that stays. */
  keep(key: string, result: KeptSetup): void;
  drop(key: string): void;
}

/** Results of setups by their inputs, in a directory that only the worker writes. */
export function createSetupResults(directory: string): SetupResults {
  const place = (key: string): string => path.join(directory, createHash('sha256').update(key).digest('hex'));
  const fresh = (): string => {
    const made = path.join(directory, `.new-${randomBytes(8).toString('hex')}`);
    mkdirSync(made, { recursive: true, mode: 0o700 });
    return made;
  };
  return {
    find(key) {
      const facts = readJsonFile(path.join(place(key), file.facts)) as
        | Pick<KeptSetup, 'archive' | 'imageId'>
        | undefined;
      if (facts === undefined) return null;
      const archiveFile = path.join(place(key), file.archive);
      if (statSync(archiveFile, { throwIfNoEntry: false })?.size !== facts.archive.bytes) return null;
      return { ...facts, archiveFile, exclude: readFileSync(path.join(place(key), file.exclude)) };
    },
    newArchive: () => path.join(fresh(), file.archive),
    keep(key, { archive, archiveFile, exclude, imageId }) {
      const made = path.dirname(archiveFile);
      writeFileSync(path.join(made, file.exclude), exclude);
      writeFileSync(path.join(made, file.facts), JSON.stringify({ archive, imageId }));
      try {
        renameSync(made, place(key));
      } catch (error) {
        rmSync(made, { recursive: true, force: true });
        if (!existsSync(path.join(place(key), file.facts))) throw error;
      }
    },
    drop: (key) => rmSync(place(key), { recursive: true, force: true }),
  };
}
