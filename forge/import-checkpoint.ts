import { LonghaulError } from '../contracts/error.ts';
import type { Git, GitCall, GitResult } from './git.ts';
import { diskFailure, gitFailure } from './git-errors.ts';
import { baseRef, checkpointRef } from './layout.ts';
import { readLooseRef, writeLooseRef } from './loose-refs.ts';
import { parentsInPack } from './pack-commit.ts';
import { withQuarantine } from './quarantine.ts';

export interface ImportInput {
  readonly gitDir: string;
  readonly iteration: number;
  readonly commit: string;
  readonly pack: Uint8Array;
}

/** So many iterations before are looked at for the parent; one further back has git look for it. */
const lookedBack = 8;
const maxPackBytes = 1024 * 1024 * 1024;

/**
 * Takes in what came out of a sandbox. The pack is checked in a directory of its own and enters the repository by rename only when it holds
 * `commit`, all of its objects, and a history that goes back to the base; a refused pack leaves nothing.
 */
export async function importPack(git: Git, { gitDir, iteration, commit, pack }: ImportInput): Promise<void> {
  const ref = checkpointRef(iteration);
  // One that git has packed away is only taken in again.
  if ((await readLooseRef(gitDir, ref)) === commit) {
    return;
  }
  const what = `the checkpoint ${commit} of iteration ${iteration}`;
  if (pack.byteLength > maxPackBytes) {
    throw refused(what, `its pack has ${pack.byteLength} bytes, over the limit of ${maxPackBytes}`);
  }
  const base = await readLooseRef(gitDir, baseRef);
  const rooted = base !== undefined && (await followsHeld(gitDir, base, { iteration, commit, pack }));
  await withQuarantine(gitDir, (env) => check(git, { gitDir, env }, { what, commit, pack, rooted }));
  if (base === undefined) {
    const updated = await git({ gitDir, args: ['update-ref', ref, commit] });
    if (updated.exitCode !== 0) throw gitFailure(`can't hold ${what} in ${gitDir}`, updated);
    return;
  }
  await writeLooseRef(gitDir, ref, commit).catch((error: unknown) => {
    throw diskFailure(`can't hold ${what}`, gitDir, error);
  });
}

/** Whether the commit's own bytes name the base or a checkpoint before it as a parent: then its history goes back to the base, as theirs does. */
async function followsHeld(
  gitDir: string,
  base: string,
  { iteration, commit, pack }: Pick<ImportInput, 'iteration' | 'commit' | 'pack'>,
): Promise<boolean> {
  const parents = parentsInPack(pack, commit);
  if (parents === undefined || parents.length === 0) return false;
  if (parents.includes(base)) return true;
  const before = Array.from({ length: lookedBack }, (_, n) => iteration - 1 - n).filter((n) => n > 0);
  const held = await Promise.all(before.map((n) => readLooseRef(gitDir, checkpointRef(n))));
  return held.some((one) => one !== undefined && parents.includes(one));
}

async function check(
  git: Git,
  call: Omit<GitCall, 'args'>,
  {
    what,
    commit,
    pack,
    rooted,
  }: Pick<ImportInput, 'commit' | 'pack'> & { readonly what: string; readonly rooted: boolean },
): Promise<void> {
  const limit = `--max-input-size=${maxPackBytes}`;
  const indexed = await git({ ...call, args: ['index-pack', '--stdin', '--strict', limit], input: pack });
  expectValid(what, 'its pack is broken or holds forbidden objects', indexed);
  // The strict look has followed every link out of the pack; what it links to was checked when that came in.
  if (rooted) return;
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
