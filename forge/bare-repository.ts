import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Git } from './git.ts';
import { diskFailure, expectOk } from './git-errors.ts';
import type { ObjectFormat } from './layout.ts';

/** For people who run git there by hand: it lends its objects to others. */
const ownConfig =
  '[gc]\n\tauto = 0\n\tpruneExpire = never\n[maintenance]\n\tauto = false\n[core]\n\tlogAllRefUpdates = false\n';

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/**
 * Makes a bare repository at `gitDir` unless it is there. It appears whole, by one rename, after `fill` has run on it; of two makers at
 * once one wins and the other's work is dropped. What a killed maker leaves is a directory beside it that nobody reads.
 */
export async function makeBareRepository(
  git: Git,
  gitDir: string,
  format: ObjectFormat,
  fill: (gitDir: string) => Promise<void> = async () => undefined,
): Promise<void> {
  if (await exists(gitDir)) {
    return;
  }
  const temporary = `${gitDir}.${randomUUID()}.making`;
  try {
    await mkdir(dirname(gitDir), { recursive: true, mode: 0o700 });
    const args = ['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, temporary];
    expectOk(`can't make the repository ${gitDir}`, await git({ args }));
    await appendFile(`${temporary}/config`, ownConfig);
    await fill(temporary);
    await rename(temporary, gitDir);
  } catch (error) {
    if (!(await exists(gitDir))) {
      throw diskFailure("can't make a repository", gitDir, error);
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
