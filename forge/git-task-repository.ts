import { readdir, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LonghaulError } from '../contracts/error.ts';
import type { CommitId, TaskId, TreeId } from '../contracts/ids.ts';
import type { TaskRepository } from '../contracts/task-repository.ts';
import { exists } from './bare-repository.ts';
import { parseChanges } from './changes.ts';
import { deterministicCommit } from './commit.ts';
import { createGit, type GitEnvironment } from './git.ts';
import { diskFailure, expectOk } from './git-errors.ts';
import { importPack } from './import-checkpoint.ts';
import { taskGitDir } from './layout.ts';
import { readObjects } from './read-objects.ts';
import { type ListedEntry, listTree } from './tree-listing.ts';

export interface GitTaskRepositoryDeps {
  /** The same that the forge was given. */
  readonly stateDir: string;
  readonly environment?: GitEnvironment;
  readonly signal?: AbortSignal;
}

const keptListings = 2;
const keptTrees = 1000;
const diffOptions = ['-r', '-M', '--no-ext-diff', '--no-textconv', '--no-color'];

/** Reads and grows the repositories that the forge made. Reading starts one git process a call, none for a tree listed just before. */
export function createGitTaskRepository({
  stateDir,
  environment = {},
  signal,
}: GitTaskRepositoryDeps): TaskRepository {
  const git = createGit(signal === undefined ? { environment } : { environment, signal });
  const listings = new Map<string, Promise<readonly ListedEntry[]>>();
  /** A commit's tree is the same for ever. */
  const trees = new Map<string, TreeId>();

  async function open(taskId: TaskId): Promise<string> {
    const gitDir = taskGitDir(stateDir, taskId);
    if (!(await exists(gitDir))) {
      throw new LonghaulError(
        'repository.changed',
        `the repository of task ${taskId} is gone: there is no ${gitDir}. Bring it back from a backup, or start the task again.`,
      );
    }
    return gitDir;
  }

  function listing(gitDir: string, commit: CommitId): Promise<readonly ListedEntry[]> {
    const key = `${gitDir} ${commit}`;
    const listed = listings.get(key) ?? listTree(git, gitDir, commit);
    listings.delete(key);
    listings.set(key, listed);
    for (const oldest of [...listings.keys()].slice(0, -keptListings)) {
      listings.delete(oldest);
    }
    listed.catch(() => listings.delete(key));
    return listed;
  }

  async function run(taskId: TaskId, what: string, args: readonly string[]): Promise<Buffer> {
    const gitDir = await open(taskId);
    return expectOk(`can't ${what} in ${gitDir}`, await git({ gitDir, args }), 'repository.changed').stdout;
  }

  return {
    gitDir: (taskId) => taskGitDir(stateDir, taskId),

    async importCheckpoint({ taskId, iteration, commit, pack }) {
      await importPack(git, { gitDir: await open(taskId), iteration, commit, pack });
    },

    async treeOf(taskId, commit) {
      const key = `${taskId} ${commit}`;
      const known = trees.get(key);
      if (known !== undefined) return known;
      const args = ['rev-parse', '--verify', `${commit}^{tree}`];
      const tree = (await run(taskId, `read the commit ${commit}`, args)).toString().trim() as TreeId;
      trees.set(key, tree);
      for (const oldest of [...trees.keys()].slice(0, -keptTrees)) trees.delete(oldest);
      return tree;
    },

    async has(taskId, commit) {
      const gitDir = taskGitDir(stateDir, taskId);
      return (
        (await exists(gitDir)) &&
        (await git({ gitDir, args: ['cat-file', '-e', `${commit}^{commit}`] })).exitCode === 0
      );
    },

    async list(taskId, commit) {
      const entries = await listing(await open(taskId), commit);
      return entries.map(({ path, mode, object, bytes }) => ({ path, mode, object, bytes }));
    },

    async read(taskId, commit, paths, maxBytes) {
      const gitDir = await open(taskId);
      const wanted = new Set(paths);
      const entries = (await listing(gitDir, commit)).filter(
        ({ path, mode }) => wanted.has(path) && mode.startsWith('100'),
      );
      const objects = entries.map(({ object }) => object);
      const contents = await readObjects(git, gitDir, objects, maxBytes);
      return new Map(entries.map(({ path, object }) => [path, present(contents.get(object), path, commit)]));
    },

    async changes(taskId, from, to) {
      const args = ['diff-tree', ...diffOptions, '-z', '--raw', '--numstat', from, to];
      return parseChanges(await run(taskId, `compare ${from} with ${to}`, args));
    },

    async patch(taskId, from, to) {
      const args = [
        'diff-tree',
        ...diffOptions,
        '-p',
        '--binary',
        '--src-prefix=a/',
        '--dst-prefix=b/',
        from,
        to,
      ];
      return run(taskId, `make the patch from ${from} to ${to}`, args);
    },

    async commitDelivery({ taskId, base, checkpoint, message, timestampMs }) {
      const gitDir = await open(taskId);
      const tree = `${checkpoint}^{tree}`;
      return (await deterministicCommit(
        git,
        { gitDir },
        { tree, parent: base, message, timestampMs },
      )) as CommitId;
    },

    async remove(taskId) {
      await removeRepository(taskGitDir(stateDir, taskId));
    },
  };
}

function present(bytes: Buffer | undefined, path: string, commit: CommitId): Buffer {
  if (bytes === undefined) {
    throw new LonghaulError(
      'repository.changed',
      `can't read ${path} of ${commit}: its object is gone from the task's repository or from the mirror that lends it. Bring the state directory back from a backup, or start the task again.`,
    );
  }
  return bytes;
}

/** Removes the repository and what makers that were killed have left beside it; the task's directory only when nothing else is in it. */
async function removeRepository(gitDir: string): Promise<void> {
  const parent = dirname(gitDir);
  try {
    const names = (await exists(parent)) ? await readdir(parent) : [];
    const name = basename(gitDir);
    for (const found of names.filter((entry) => entry === name || entry.startsWith(`${name}.`))) {
      await rm(join(parent, found), { recursive: true, force: true });
    }
    await rmdir(parent).catch(() => undefined);
  } catch (error) {
    throw diskFailure("can't remove the task's repository", gitDir, error);
  }
}
