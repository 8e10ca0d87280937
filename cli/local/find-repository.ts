import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * The top of the git repository that holds a folder, a linked worktree included; a bare repository itself; null when there is none.
 * Runs no git: a repository's own configuration can name programs.
 */
export async function findRepository(folder: string): Promise<string | null> {
  let current = resolve(folder);
  if (!(await isDirectory(current))) return null;
  for (;;) {
    if (basename(current) !== '.git') {
      if (await exists(join(current, '.git'))) return current;
      if (await isBare(current)) return current;
    }
    const parent = dirname(current);
    if (parent === current) return null;
    current = parent;
  }
}

async function isBare(folder: string): Promise<boolean> {
  const parts = await Promise.all([
    exists(join(folder, 'HEAD')),
    isDirectory(join(folder, 'objects')),
    isDirectory(join(folder, 'refs')),
  ]);
  return parts.every(Boolean);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
