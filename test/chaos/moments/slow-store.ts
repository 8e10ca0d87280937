import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ArtifactStore } from '../../../contracts/artifact-store.ts';

/** While it is there, each call of the store takes as many milliseconds more as it says. */
export const slowStoreFile = (directory: string): string => join(directory, 'slow-store');

/** A store that is as slow as the harness says at the time. */
export function slowStore(directory: string, store: ArtifactStore): ArtifactStore {
  const file = slowStoreFile(directory);
  const slowly = async <T>(call: () => Promise<T>): Promise<T> => {
    if (existsSync(file)) await delay(Number(readFileSync(file, 'utf8')));
    return call();
  };
  return {
    put: (bytes) => slowly(() => store.put(bytes)),
    get: (digest) => slowly(() => store.get(digest)),
    has: (digest) => slowly(() => store.has(digest)),
  };
}
