import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

/** What a setup leaves: an archive of home and of the workspace's ignored files, and the list of what else it made there. */
export const setupFile = { archive: 'result.tar', exclude: 'exclude' } as const;

export interface SetupCache {
  /** A directory with the files of `setupFile`; null when this setup has no kept result. */
  find(digest: string): string | null;
  /** Keeps a copy of a directory's result. When another lease was first, its result stays. */
  keep(digest: string, directory: string): void;
}

/** Results of setups by digest, each put in place in one step. */
export function createSetupCache(cacheDir: string): SetupCache {
  const place = (digest: string): string => path.join(cacheDir, digest.replace(':', '-'));
  return {
    find: (digest) => (existsSync(path.join(place(digest), setupFile.archive)) ? place(digest) : null),
    keep(digest, directory) {
      mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
      const fresh = path.join(cacheDir, `.new-${randomBytes(8).toString('hex')}`);
      try {
        mkdirSync(fresh, { mode: 0o700 });
        for (const name of Object.values(setupFile))
          cpSync(path.join(directory, name), path.join(fresh, name));
        renameSync(fresh, place(digest));
      } catch (error) {
        rmSync(fresh, { recursive: true, force: true });
        if (!existsSync(place(digest))) throw error;
      }
    },
  };
}
