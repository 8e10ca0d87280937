import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDirectoryStore } from '../../artifacts/directory-store.ts';
import { createMemoryStore } from '../helpers/memory-store.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { artifactStoreConformance } from './artifact-store.ts';

artifactStoreConformance('a directory', async () => {
  const dir = join(await temporaryDirectory(), 'not', 'made', 'yet');
  return {
    store: createDirectoryStore(dir),
    damage: (digest) => writeFile(join(dir, digest.slice(7, 9), digest.slice(9)), 'other'),
  };
});

artifactStoreConformance('memory', () => {
  const store = createMemoryStore();
  return { store, damage: store.damage };
});
