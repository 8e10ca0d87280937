import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LonghaulError } from '../contracts/error.ts';
import type { Git, GitCall, GitResult } from './git.ts';
import { gitFailure } from './git-errors.ts';
import { baseRef, checkpointRef } from './layout.ts';
import { withQuarantine } from './quarantine.ts';

export interface ImportInput {
  readonly gitDir: string;
  readonly iteration: number;
  readonly commit: string;
  readonly pack: Uint8Array;
}

const maxPackBytes = 1024 * 1024 * 1024;

/**
 * Takes in what came out of a sandbox. The pack is checked in a directory of its own and enters the repository by rename only when it holds
 * `commit`, all of its objects, and a history that goes back to the base; a refused pack leaves nothing.
 */
export async function importPack(git: Git, { gitDir, iteration, commit, pack }: ImportInput): Promise<void> {
  const ref = checkpointRef(iteration);
  // One that git has packed away is only taken in again.
  const held = await readFile(join(gitDir, ref), 'latin1').catch(() => '');
  if (held.trim() === commit) {
    return;
  }
  const what = `the checkpoint ${commit} of iteration ${iteration}`;
  if (pack.byteLength > maxPackBytes) {
    throw refused(what, `its pack has ${pack.byteLength} bytes, over the limit of ${maxPackBytes}`);
  }
  await withQuarantine(gitDir, (env) => check(git, { gitDir, env }, { what, commit, pack }));
  const updated = await git({ gitDir, args: ['update-ref', ref, commit] });
  if (updated.exitCode !== 0) {
    throw gitFailure(`can't hold ${what} in ${gitDir}`, updated);
  }
}

async function check(
  git: Git,
  call: Omit<GitCall, 'args'>,
  { what, commit, pack }: { readonly what: string; readonly commit: string; readonly pack: Uint8Array },
): Promise<void> {
  const limit = `--max-input-size=${maxPackBytes}`;
  const indexed = await git({ ...call, args: ['index-pack', '--stdin', '--strict', limit], input: pack });
  expectValid(what, 'its pack is broken or holds forbidden objects', indexed);
  // The strict look has followed every link out of the pack; what it links to was checked when that came in.
  const ancestor = await git({ ...call, args: ['merge-base', '--is-ancestor', baseRef, commit] });
  expectValid(what, "it is no commit there whose history goes back to the task's base", ancestor);
}

function expectValid(what: string, reason: string, result: GitResult): void {
  if (result.exitCode === 0) {
    return;
  }
  const failure = gitFailure(`${what} was refused: ${reason}`, result, 'checkpoint.invalid');
  // What the sandbox wrote may hold any words: only the disk's own troubles are believed.
  throw failure.code === 'disk.full'
    ? failure
    : refused(what, `${reason} (${result.stderr.split('\n').slice(-3).join(' | ')})`);
}

function refused(what: string, reason: string): LonghaulError {
  return new LonghaulError(
    'checkpoint.invalid',
    `${what} was refused: ${reason}. Nothing of it was kept; the task goes on from the checkpoint before.`,
  );
}
