import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { quarantinePrefix } from './quarantine.ts';

/** What a ref names, where it is a file of its own: undefined for one that is missing, packed away, or kept by git in another way. */
export async function readLooseRef(gitDir: string, ref: string): Promise<string | undefined> {
  const held = await readFile(join(gitDir, ref), 'latin1').catch(() => '');
  return /^[0-9a-f]{40,64}$/.exec(held.trim())?.[0];
}

/**
 * Writes a ref as git does in a repository that keeps refs as files, whole or not at all, without starting git. A writer that is killed leaves no
 * lock behind: at most a file that goes with the abandoned quarantines. Only for a repository in which a loose ref was read.
 */
export async function writeLooseRef(gitDir: string, ref: string, object: string): Promise<void> {
  const temporary = join(gitDir, 'objects', `${quarantinePrefix}${randomUUID()}`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(`${object}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(gitDir, ref));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const directory = await open(dirname(join(gitDir, ref)), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
