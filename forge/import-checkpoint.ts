import { mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LonghaulError } from '../contracts/error.ts';
import type { Git, GitCall, GitResult } from './git.ts';
import { diskFailure, gitFailure } from './git-errors.ts';
import { baseRef, checkpointRef } from './layout.ts';
import { quoteName } from './names.ts';

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
  const held = await git({ gitDir, args: ['rev-parse', '--verify', '--quiet', ref] });
  if (held.stdout.toString().trim() === commit) {
    return;
  }
  const what = `the checkpoint ${commit} of iteration ${iteration}`;
  if (pack.byteLength > maxPackBytes) {
    throw refused(what, `its pack has ${pack.byteLength} bytes, over the limit of ${maxPackBytes}`);
  }
  const objects = join(gitDir, 'objects');
  const quarantine = await makeQuarantine(objects);
  try {
    const call: Omit<GitCall, 'args'> = {
      gitDir,
      env: {
        GIT_OBJECT_DIRECTORY: quarantine,
        GIT_ALTERNATE_OBJECT_DIRECTORIES: quoteName(Buffer.from(objects)),
      },
    };
    await check(git, call, { what, commit, pack });
    await admit(quarantine, objects);
  } catch (error) {
    throw diskFailure(`can't import ${what}`, gitDir, error);
  } finally {
    await rm(quarantine, { recursive: true, force: true });
  }
  const updated = await git({ gitDir, args: ['update-ref', ref, commit] });
  if (updated.exitCode !== 0) {
    throw gitFailure(`can't hold ${what} in ${gitDir}`, updated);
  }
}

async function makeQuarantine(objects: string): Promise<string> {
  try {
    const quarantine = await mkdtemp(join(objects, 'incoming-'));
    await mkdir(join(quarantine, 'pack'));
    return quarantine;
  } catch (error) {
    throw diskFailure("can't make room for a checkpoint", objects, error);
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
  // `^{commit}` is what refuses a tree or blob of that name.
  const args = ['rev-list', '--objects', '--quiet', `${commit}^{commit}`, '--not', '--all'];
  expectValid(what, 'it is not there, is no commit, or lacks objects', await git({ ...call, args }));
  const ancestor = await git({ ...call, args: ['merge-base', '--is-ancestor', baseRef, commit] });
  expectValid(what, "its history does not go back to the task's base", ancestor);
}

/** Content first, then the index by which git finds it. */
async function admit(quarantine: string, objects: string): Promise<void> {
  const from = join(quarantine, 'pack');
  const to = join(objects, 'pack');
  await mkdir(to, { recursive: true });
  const names = await readdir(from);
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
