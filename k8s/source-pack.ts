import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { LonghaulError } from '../contracts/error.ts';
import type { CommitId } from '../contracts/ids.ts';

const run = promisify(execFile);
/** A pack is held in memory on its way. */
const maxPackBytes = 2 ** 31 - 1;

const environment = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

/** The objects of a commit, without those of another that the other side has. Throws `checkpoint.invalid`. */
export async function sourcePack(
  gitDir: string,
  commit: CommitId,
  without: CommitId | null,
): Promise<Buffer> {
  const wanted = without === null ? `${commit}\n` : `${commit}\n^${without}\n`;
  const packing = run(
    'git',
    ['--git-dir', gitDir, 'pack-objects', '--revs', '--stdout', '-q', '--delta-base-offset'],
    {
      env: environment,
      encoding: 'buffer',
      maxBuffer: maxPackBytes,
    },
  );
  packing.child.stdin?.on('error', () => undefined);
  packing.child.stdin?.end(wanted);
  try {
    return (await packing).stdout;
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new LonghaulError(
      'checkpoint.invalid',
      `Commit ${commit} of ${gitDir} cannot be packed: ${found}`,
      { cause: error },
    );
  }
}

/** Where the history of a shallow repository ends; empty for a whole one. */
export function shallowEnds(gitDir: string): string {
  const file = path.join(gitDir, 'shallow');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
