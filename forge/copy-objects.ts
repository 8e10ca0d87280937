import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../contracts/error.ts';
import type { Git, GitCall } from './git.ts';
import { expectOk } from './git-errors.ts';
import { quoteName } from './names.ts';
import { withQuarantine } from './quarantine.ts';
import type { Source } from './source.ts';

export interface ObjectCopy {
  /** The mirror. */
  readonly gitDir: string;
  readonly source: Source;
  readonly object: string;
}

/**
 * Fills a new mirror of a repository on this machine with what `object` reaches, and with nothing else of it: branches, stashes and dropped
 * commits of the person stay where they are. The compressed bytes are copied as they lie, where a fetch would unpack and hash all of them;
 * the fetch that comes after looks whether everything is there. Where this cannot be done the fetch does it all. Throws `disk.full`.
 */
export async function copyObjects(git: Git, { gitDir, source, object }: ObjectCopy): Promise<void> {
  // A shallow source needs its list of cut commits, which only a fetch brings.
  if (source.kind !== 'path' || source.shallow || (await hasPacks(gitDir))) {
    return;
  }
  const objects = join(source.address, 'objects');
  try {
    await withQuarantine(gitDir, (env) => pack(git, { gitDir, env }, objects, object));
  } catch (error) {
    if (errorCode(error) === 'disk.full') {
      throw error;
    }
  }
}

async function hasPacks(gitDir: string): Promise<boolean> {
  const names = await readdir(join(gitDir, 'objects', 'pack')).catch(() => []);
  return names.some((name) => name.endsWith('.pack'));
}

/** In the mirror, which borrows from the source for this one call: no configuration of the source is read. */
async function pack(
  git: Git,
  call: { readonly gitDir: string; readonly env: NonNullable<GitCall['env']> },
  sourceObjects: string,
  object: string,
): Promise<void> {
  const into = join(call.env['GIT_OBJECT_DIRECTORY'] ?? '', 'pack', 'pack');
  const lent = [call.env['GIT_ALTERNATE_OBJECT_DIRECTORIES'], quoteName(Buffer.from(sourceObjects))];
  const result = await git({
    gitDir: call.gitDir,
    env: { ...call.env, GIT_ALTERNATE_OBJECT_DIRECTORIES: lent.join(':') },
    args: ['pack-objects', '--revs', '--quiet', '--delta-base-offset', '--window=0', into],
    input: `${object}\n`,
  });
  expectOk(`can't copy ${object} out of ${sourceObjects}`, result);
}
