import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LonghaulError } from '../contracts/error.ts';
import { createGit, type Git } from '../forge/git.ts';
import { expectOk } from '../forge/git-errors.ts';
import { formatOf, taskGitDir } from '../forge/layout.ts';
import { isRunning, thisProcess, withProcessLock } from '../workers/process-lock.mjs';
import { diskError, type Environment, stateDirectory } from '../workers/state-dir.ts';
import { endMachine } from './machine-end.ts';
import type { Recording } from './recording.ts';

const prefix = 'longhaul-drill-';
const ownerFile = 'owner.json';
const runPrefix = 'run-';

/** Where a drill's copies lie: one directory for each run below it. */
export interface Copy {
  readonly directory: string;
  runDirectory(number: number): string;
  /** A bare repository with the base of the task and nothing of the person's remote, for one run. */
  makeRepository(number: number): Promise<string>;
  remove(): Promise<void>;
}

/**
 * Makes a temporary directory (below TMPDIR) with the task's base as a repository of its own, and clears away what drills that were killed
 * have left. Throws `disk.full`, `disk.no_permission`, `repository.changed`.
 */
export async function makeCopy(recording: Recording, env: Environment, signal: AbortSignal): Promise<Copy> {
  await removeLeftovers();
  const directory = await onDisk(tmpdir(), async () => {
    const made = await mkdtemp(join(tmpdir(), prefix));
    await writeFile(join(made, ownerFile), JSON.stringify(thisProcess()));
    return made;
  });
  const git = createGit({ environment: env, signal });
  const seed = join(directory, 'base.git');
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await copyBase(git, recording, env, seed);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    directory,
    runDirectory: (number) => join(directory, `${runPrefix}${number}`),
    async makeRepository(number) {
      const repository = join(directory, `${runPrefix}${number}`, 'repository.git');
      const clone = await git({ directory, args: ['clone', '--quiet', '--mirror', seed, repository] });
      expectOk(`can't copy ${seed}`, clone, 'repository.changed');
      return repository;
    },
    remove,
  };
}

/** The base alone, out of the task's own repository: the person's repository and remote are not asked. */
async function copyBase(git: Git, recording: Recording, env: Environment, seed: string): Promise<void> {
  const { taskId, baseCommit } = recording;
  const branch = branchOf(recording);
  const from = taskGitDir(stateDirectory(env), taskId);
  const what = `can't copy the base of ${taskId} out of ${from}`;
  const init = ['init', '--quiet', '--bare', `--object-format=${formatOf(baseCommit)}`, seed];
  expectOk(what, await git({ directory: tmpdir(), args: init }), 'repository.changed');
  const refspec = `+refs/longhaul/base:refs/heads/${branch}`;
  const fetch = ['fetch', '--quiet', '--no-tags', '--update-shallow', from, refspec];
  expectOk(what, await git({ gitDir: seed, args: fetch }), 'repository.changed');
  const head = ['symbolic-ref', 'HEAD', `refs/heads/${branch}`];
  expectOk(what, await git({ gitDir: seed, args: head }), 'repository.changed');
}

export function branchOf({ baseBranch }: Pick<Recording, 'baseBranch'>): string {
  return baseBranch ?? 'main';
}

/** Server, workers and keepers outlive a drill that was killed: the next one ends them. */
async function removeLeftovers(): Promise<void> {
  const lock = join(tmpdir(), `longhaul-drill.${process.getuid?.() ?? 0}.lock`);
  await withProcessLock(lock, {}, async () => {
    for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
      const directory = join(tmpdir(), name);
      if (!(await isAbandoned(directory))) continue;
      const runs = readdirSync(directory).filter((entry) => entry.startsWith(runPrefix));
      for (const run of runs) await endMachine(join(directory, run, 'home'));
      await rm(directory, { recursive: true, force: true });
    }
  });
}

/** One without an owner was kept on purpose, is another user's, or is being made. */
async function isAbandoned(directory: string): Promise<boolean> {
  const owner = await readFile(join(directory, ownerFile), 'utf8').catch(() => undefined);
  return owner !== undefined && !isRunning(JSON.parse(owner));
}

/** Makes the directory one that no later drill clears away. */
export async function disown(directory: string): Promise<void> {
  await rm(join(directory, ownerFile), { force: true });
}

/** Runs what writes in the copy; a full disk is told as that. */
export async function onDisk<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LonghaulError) throw error;
    if (isDiskFault(error)) throw diskError(error, `make the copy in ${directory} (TMPDIR says where)`);
    throw error;
  }
}

function isDiskFault(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return ['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS'].includes(String(error.code));
}
