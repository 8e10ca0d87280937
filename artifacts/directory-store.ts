import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import { digestOf } from '../contracts/digest.ts';
import { LonghaulError } from '../contracts/error.ts';
import type { Digest } from '../contracts/ids.ts';

/** A temporary file of this age belongs to no living writer. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/**
 * Artifacts as files `<dir>/<2 hex digits>/<62 hex digits>`, mode 0600. Safe for many processes at once; nothing is created before the
 * first `put`. `put` writes only what is missing or damaged; `has` looks at the name alone, the bytes are verified by `get`.
 */
export function createDirectoryStore(dir: string): ArtifactStore {
  const temporaryDir = join(dir, 'tmp');
  const pathOf = (digest: Digest): string => {
    const hex = digest.slice('sha256:'.length);
    return join(dir, hex.slice(0, 2), hex.slice(2));
  };
  let swept = false;

  async function write(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = join(temporaryDir, randomUUID());
    try {
      // Most often the directories are there: each call less counts, since every iteration writes several artifacts.
      await orAfter(
        () => writeDurably(temporary, bytes),
        () => makeDirectory(temporaryDir),
      );
      await orAfter(
        () => rename(temporary, path),
        () => makeDirectory(dirname(path)),
      );
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncDirectory(dirname(path));
    if (!swept) {
      swept = true;
      await removeAbandoned(temporaryDir);
    }
  }

  return {
    async put(bytes) {
      const digest = digestOf(bytes);
      const path = pathOf(digest);
      try {
        if (!(await holds(path, bytes))) {
          await write(path, bytes);
        }
      } catch (error) {
        throw storeError(`can't write the artifact ${digest}`, path, error);
      }
      return digest;
    },

    async get(digest) {
      const path = pathOf(digest);
      const bytes = await readFile(path).catch((error: unknown) => {
        if (isErrno(error, 'ENOENT')) {
          throw new LonghaulError(
            'artifact.not_found',
            `the artifact ${digest} is not in the store: there is no file ${path}. If the store was moved or cleaned, bring that file back.`,
            { cause: error, details: { digest } },
          );
        }
        throw storeError(`can't read the artifact ${digest}`, path, error);
      });
      const found = digestOf(bytes);
      if (found !== digest) {
        throw new LonghaulError(
          'artifact.corrupted',
          `the artifact ${digest} is damaged: the file ${path} holds ${bytes.byteLength} bytes with the digest ${found}. ` +
            'Check that disk, then bring the file back from a backup, or delete it so that it can be stored again.',
          { details: { digest, found, path } },
        );
      }
      return bytes;
    },

    async has(digest) {
      const path = pathOf(digest);
      try {
        return (await stat(path)).isFile();
      } catch (error) {
        if (isErrno(error, 'ENOENT')) {
          return false;
        }
        throw storeError(`can't look for the artifact ${digest}`, path, error);
      }
    },
  };
}

/** Does it again after `prepare` where a directory was missing. */
async function orAfter(act: () => Promise<void>, prepare: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    await prepare();
    await act();
  }
}

async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    if ((await stat(path)).size !== bytes.byteLength) {
      return false;
    }
    return (await readFile(path)).equals(bytes);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) {
      return false;
    }
    throw error;
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new directory's name is lost with the power too, unless its parent is synced. */
async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first !== undefined) {
    await syncDirectory(dirname(first));
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function removeAbandoned(temporaryDir: string): Promise<void> {
  for (const name of await readdir(temporaryDir)) {
    const path = join(temporaryDir, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > abandonedAfterMs) {
      await rm(path, { force: true });
    }
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function storeError(what: string, path: string, cause: unknown): LonghaulError {
  const found = cause instanceof Error ? cause.message : String(cause);
  if (isErrno(cause, 'ENOSPC') || isErrno(cause, 'EDQUOT')) {
    return new LonghaulError(
      'artifact.store_full',
      `${what}: the disk or quota of ${path} is full (${found}). Make room there; the task goes on by itself.`,
      { cause, details: { path } },
    );
  }
  return new LonghaulError(
    'artifact.store_unavailable',
    `${what} at ${path}: ${found}. Check that the directory is there and that this user may read and write it.`,
    { cause, details: { path } },
  );
}
