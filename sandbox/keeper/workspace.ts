import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { CommitIdSchema, TreeIdSchema } from '../../contracts/ids.ts';
import type { LeftOut } from '../../contracts/sandbox.ts';
import type { KeeperCheckpoint } from '../protocol.ts';
import {
  filledGitlinks,
  liesIn,
  type PathBytes,
  readablePath,
  readStatus,
  reasonToLeaveOut,
  type StatusEntries,
  splitNul,
} from './changed-paths.ts';
import { checkOut, restoreTree, treeOf } from './checkout.ts';
import type { Git } from './git.ts';
import { lendObjects, objectDirectories } from './git-directories.ts';
import { maxPathBytes, type SurveyResult, type WorkTreeSurvey } from './survey.ts';

export interface CheckpointInput {
  readonly parent: string;
  readonly message: string;
  readonly timestampMs: number;
}

/** The trusted side's hold on the workspace: its own repository, whose index remembers the last known state. */
export interface Workspace {
  checkOut(commit: string): Promise<void>;
  checkpoint(input: CheckpointInput): Promise<KeeperCheckpoint & { readonly pack: Buffer | null }>;
  restore(source: { readonly gitDir: string; readonly commit: string }): Promise<void>;
}

/**
 * Calls must come one at a time, with every command of the sandbox stopped: git looks at a path before it opens it, and a directory
 * that turns into a symbolic link in between would lead it out of the workspace.
 */
export function createWorkspace(deps: {
  readonly git: Git;
  readonly gitDir: string;
  readonly workTree: string;
  readonly maxFileBytes: number;
  readonly survey: WorkTreeSurvey;
}): Workspace {
  const { git, gitDir, workTree } = deps;
  const trees = new Map<string, string>();
  let indexTree = '';
  let gitlinks: readonly PathBytes[] = [];
  let emptyBlob = '';

  const knownTreeOf = async (commit: string): Promise<string> => {
    const known = trees.get(commit);
    if (known !== undefined) return known;
    const tree = await treeOf(git, commit);
    trees.set(commit, tree);
    return tree;
  };

  /** HEAD names the commit that the index equals, so that status has nothing to tell of the two. */
  const setHead = (commit: string): void => writeFileSync(path.join(gitDir, 'HEAD'), `${commit}\n`);

  const settle = async (commit: string, tree: string): Promise<void> => {
    setHead(commit);
    trees.set(commit, tree);
    indexTree = tree;
    gitlinks = await readGitlinks(git);
  };

  const sortOut = (status: StatusEntries, found: SurveyResult): Sorted => {
    const leftOut = new Map<string, LeftOut['reason']>();
    const take: PathBytes[] = [];
    const drop = status.deleted.filter((name) => !liesIn(name, found.closed));
    const consider = (name: PathBytes, tracked: boolean): void => {
      // Named by the topmost part that is; git lists some of them, and cannot read them all.
      if (name.length >= maxPathBytes) return;
      const reason = reasonToLeaveOut(workTree, name, tracked, deps.maxFileBytes);
      if (reason === null) take.push(name);
      else leftOut.set(readablePath(name), reason);
      if (reason === 'special_file' && tracked) drop.push(name);
    };
    for (const name of status.changed) consider(name, true);
    for (const name of status.untracked) consider(name, false);
    const others = [
      [status.nested, 'nested_repository'],
      [filledGitlinks(workTree, gitlinks), 'nested_repository'],
      [found.special, 'special_file'],
      [found.closed, 'unreadable'],
      [found.deep, 'path_too_long'],
    ] as const;
    for (const [names, reason] of others) for (const name of names) leftOut.set(readablePath(name), reason);
    return { take, drop, leftOut };
  };

  const updateIndex = async (sorted: Sorted): Promise<string> => {
    if (sorted.drop.length > 0) {
      const removals = sorted.drop.map((name) =>
        Buffer.concat([Buffer.from(`0 ${'0'.repeat(emptyBlob.length)}\t`), name, nul]),
      );
      await git.run(['update-index', '-z', '--index-info'], { stdin: Buffer.concat(removals) });
    }
    if (sorted.take.length > 0) {
      const names = sorted.take.map((name) => Buffer.concat([name, nul]));
      const inOnePack = names.length < manyFiles ? [] : asOnePack;
      await git.run([...inOnePack, 'update-index', '-z', '--add', '--remove', '--replace', '--stdin'], {
        stdin: Buffer.concat(names),
      });
    }
    return (await git.run(['write-tree'])).stdout.toString('latin1').trim();
  };

  return {
    async checkOut(commit) {
      await settle(commit, await checkOut(git, commit));
      emptyBlob = await writeEmptyBlob(git);
    },

    async checkpoint(input) {
      const [status, found, parentTree] = await Promise.all([
        readStatus(git, emptyBlob),
        deps.survey.look(),
        knownTreeOf(input.parent),
      ]);
      const sorted = sortOut(status, {
        closed: found.closed,
        special: await withoutIgnored(git, found.special),
        deep: await withoutIgnored(git, found.deep),
      });
      if (sorted.take.length > 0 || sorted.drop.length > 0) indexTree = await updateIndex(sorted);
      const leftOut = [...sorted.leftOut]
        .map(([name, reason]) => ({ path: name, reason }))
        .toSorted((a, b) => (a.path < b.path ? -1 : 1));
      const tree = TreeIdSchema.parse(indexTree);
      if (tree === parentTree) {
        setHead(input.parent);
        const commit = CommitIdSchema.parse(input.parent);
        return { tree, commit, pack: null, filesChanged: 0, linesChanged: 0, leftOut };
      }
      const commit = await writeCommit(git, tree, input);
      setHead(commit);
      trees.set(commit, tree);
      const [pack, changes] = await Promise.all([
        git.run(['pack-objects', '--revs', '--stdout', '-q', '--threads=1', '--window=0'], {
          stdin: `${commit}\n^${input.parent}\n`,
        }),
        countChanges(git, input.parent, commit),
      ]);
      return { tree, commit: CommitIdSchema.parse(commit), pack: pack.stdout, ...changes, leftOut };
    },

    async restore(source) {
      lendObjects(gitDir, objectDirectories(source.gitDir).slice(0, 1));
      await treeOf(git, source.commit);
      await deps.survey.open();
      await settle(source.commit, await restoreTree(git, source.commit));
    },
  };
}

interface Sorted {
  readonly take: readonly PathBytes[];
  /** Tracked files that are gone, or are special files now. */
  readonly drop: readonly PathBytes[];
  readonly leftOut: ReadonlyMap<string, LeftOut['reason']>;
}

const nul = Buffer.from([0]);
/** From so many on, new files go into one pack of the keeper's repository, from which the checkpoint's pack copies them as they are. */
const manyFiles = 100;
const asOnePack = ['-c', 'core.bigFileThreshold=1', '-c', 'core.compression=1'];
const person = 'Longhaul';
const email = 'longhaul@localhost';

async function writeCommit(git: Git, tree: string, input: CheckpointInput): Promise<string> {
  const date = `@${Math.floor(input.timestampMs / 1000)} +0000`;
  const result = await git.run(['commit-tree', tree, '-p', input.parent, '-F', '-'], {
    stdin: input.message,
    env: {
      GIT_AUTHOR_NAME: person,
      GIT_AUTHOR_EMAIL: email,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: person,
      GIT_COMMITTER_EMAIL: email,
      GIT_COMMITTER_DATE: date,
    },
  });
  return result.stdout.toString('latin1').trim();
}

async function countChanges(
  git: Git,
  parent: string,
  commit: string,
): Promise<{ filesChanged: number; linesChanged: number }> {
  const result = await git.run([
    'diff-tree',
    '-r',
    '-z',
    '--numstat',
    '--no-renames',
    '--no-ext-diff',
    '--no-textconv',
    parent,
    commit,
  ]);
  const records = splitNul(result.stdout);
  const lines = records.map((record) => {
    const [added, removed] = record.toString('latin1').split('\t');
    // `-` stands for a binary file.
    return (Number(added) || 0) + (Number(removed) || 0);
  });
  return { filesChanged: records.length, linesChanged: lines.reduce((sum, count) => sum + count, 0) };
}

async function readGitlinks(git: Git): Promise<PathBytes[]> {
  const { stdout } = await git.run(['ls-files', '-s', '-z']);
  return splitNul(stdout)
    .filter((record) => record.subarray(0, 6).equals(gitlinkMode))
    .map((record) => record.subarray(record.indexOf(tab) + 1));
}

const gitlinkMode = Buffer.from('160000');
const tab = 0x09;

async function writeEmptyBlob(git: Git): Promise<string> {
  return (await git.run(['hash-object', '-w', '--stdin'], { stdin: '' })).stdout.toString('latin1').trim();
}

async function withoutIgnored(git: Git, names: readonly PathBytes[]): Promise<readonly PathBytes[]> {
  if (names.length === 0) return names;
  const stdin = Buffer.concat(names.map((name) => Buffer.concat([name, nul])));
  const { stdout } = await git.attempt(['check-ignore', '-z', '--stdin'], { stdin });
  const ignored = new Set(splitNul(stdout).map((name) => name.toString('latin1')));
  return names.filter((name) => !ignored.has(name.toString('latin1')));
}
