import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitCall } from './git.ts';
import { diskFailure } from './git-errors.ts';
import { quoteName } from './names.ts';

/** Of everything under a repository's objects that is on its way in. */
export const quarantinePrefix = 'incoming-';
/** A quarantine of this age belongs to no living process. */
const abandonedAfterMs = 24 * 60 * 60_000;

/**
 * Runs `fill` with an environment in which git writes new objects into a directory of their own. They enter the repository, by rename, only
 * when `fill` has ended well; otherwise nothing of them stays: git itself leaves half a pack behind when it fails.
 */
export async function withQuarantine(
  gitDir: string,
  fill: (env: NonNullable<GitCall['env']>) => Promise<void>,
): Promise<void> {
  const objects = join(gitDir, 'objects');
  let quarantine: string | undefined;
  try {
    await removeAbandoned(objects);
    quarantine = await mkdtemp(join(objects, quarantinePrefix));
    await mkdir(join(quarantine, 'pack'));
    await fill({
      GIT_OBJECT_DIRECTORY: quarantine,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: quoteName(Buffer.from(objects)),
    });
    await admit(quarantine, objects);
  } catch (error) {
    throw diskFailure("can't take in objects", gitDir, error);
  } finally {
    if (quarantine !== undefined) {
      await rm(quarantine, { recursive: true, force: true });
    }
  }
}

/** Content first, then the index by which git finds it. */
async function admit(quarantine: string, objects: string): Promise<void> {
  const from = join(quarantine, 'pack');
  const names = await readdir(from);
  if (names.length === 0) {
    return;
  }
  const to = join(objects, 'pack');
  await mkdir(to, { recursive: true });
  for (const name of names.sort((a, b) => Number(a.endsWith('.idx')) - Number(b.endsWith('.idx')))) {
    await rename(join(from, name), join(to, name));
  }
  const directory = await open(to, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function removeAbandoned(objects: string): Promise<void> {
  for (const name of await readdir(objects)) {
    const path = join(objects, name);
    const found = name.startsWith(quarantinePrefix) ? await stat(path).catch(() => undefined) : undefined;
    if (found !== undefined && Date.now() - found.mtimeMs > abandonedAfterMs) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
