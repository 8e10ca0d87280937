import { copyFile, mkdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryNote } from '../contracts/forge.ts';
import { deterministicCommit } from './commit.ts';
import type { Git, GitCall } from './git.ts';
import { expectOk } from './git-errors.ts';
import { decodeName, quoteName, shownList, splitFields } from './names.ts';
import type { PathSource } from './source.ts';

/** Says what a person's work tree holds that is in no commit; null when there is nothing. Takes no lock there. */
export async function dirtyNote(git: Git, source: PathSource): Promise<RepositoryNote | null> {
  if (source.workTree === null) {
    return null;
  }
  const args = [
    'status',
    '--porcelain',
    '-z',
    '--untracked-files=normal',
    '--ignore-submodules=all',
    '--no-renames',
  ];
  const result = await git({
    directory: source.workTree,
    personConfig: true,
    config: await filtersOff(git, source.workTree),
    args,
  });
  const names = namesOf(expectOk(`can't look for changes in ${source.workTree}`, result).stdout, 3);
  return names.length === 0
    ? null
    : {
        kind: 'dirty',
        text: `${counted(names)} changed but not committed, and no part of the task (--include-changes takes them in): ${shownList(names)}.`,
      };
}

export interface IncludeInput {
  readonly source: PathSource & { readonly workTree: string };
  readonly head: string;
  /** The task's repository, which gets the objects. */
  readonly gitDir: string;
}

/**
 * Makes a commit on top of `head` out of the work tree as it is, ignored files aside, with a copy of its index; null when nothing has changed.
 * Writes nothing below the work tree or its git directory. Deterministic: the same files give the same commit.
 */
export async function commitWorkTree(
  git: Git,
  { source, head, gitDir }: IncludeInput,
): Promise<{ readonly commit: string; readonly note: RepositoryNote } | null> {
  const scratch = join(gitDir, 'scratch');
  await mkdir(join(scratch, 'objects'), { recursive: true });
  try {
    const call = await scratchCall(git, source.workTree, scratch);
    const run = async (what: string, more: Partial<GitCall> & Pick<GitCall, 'args'>) =>
      expectOk(`can't ${what} of ${source.workTree}`, await git({ ...call, ...more })).stdout;
    await run('read the uncommitted changes', { args: ['add', '--all'] });
    await leaveOutNestedRepositories(git, call, head);
    const changed = [
      'diff-index',
      '--cached',
      '--name-only',
      '--no-renames',
      '--ignore-submodules=none',
      '-z',
      head,
    ];
    const names = namesOf(await run('list the changes', { args: changed }), 0);
    if (names.length === 0) {
      return null;
    }
    const tree = (await run('keep the changes', { args: ['write-tree'] })).toString().trim();
    const timestamp = await run('read the commit', {
      args: ['log', '-1', '--format=%ct', '--no-show-signature', head],
    });
    const commit = await deterministicCommit(git, call, {
      tree,
      parent: head,
      message: 'Uncommitted changes of the work tree\n',
      timestampMs: Number(timestamp.toString().trim()) * 1000,
    });
    await run('copy the changes', {
      args: ['pack-objects', '--revs', '--quiet', join(gitDir, 'objects', 'pack', 'pack')],
      input: `${commit}\n^${head}\n`,
    });
    const text = `${counted(names)} taken into the task with ${names.length === 1 ? 'its' : 'their'} uncommitted changes: ${shownList(names)}.`;
    return { commit, note: { kind: 'included_changes', text } };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Git in the person's repository with index and new objects elsewhere. */
async function scratchCall(
  git: Git,
  workTree: string,
  scratch: string,
): Promise<Pick<GitCall, 'directory' | 'personConfig' | 'config' | 'env'>> {
  const index = join(scratch, 'index');
  await copyIndex(await gitPath(git, workTree, 'index'), index);
  return {
    directory: workTree,
    personConfig: true,
    // Written once and read a few times: speed counts more than size.
    config: [...(await filtersOff(git, workTree)), ['core.compression', '1']],
    env: {
      GIT_INDEX_FILE: index,
      GIT_OBJECT_DIRECTORY: join(scratch, 'objects'),
      // Quoted: a colon would end the path.
      GIT_ALTERNATE_OBJECT_DIRECTORIES: quoteName(Buffer.from(await gitPath(git, workTree, 'objects'))),
    },
  };
}

async function gitPath(git: Git, directory: string, name: string): Promise<string> {
  const args = ['rev-parse', '--path-format=absolute', '--git-path', name];
  const result = await git({ directory, personConfig: true, args });
  return expectOk(`can't find the ${name} of ${directory}`, result)
    .stdout.toString('utf8')
    .replace(/\n$/, '');
}

/** With its time: git reads again only the files that are not older than their index. */
async function copyIndex(from: string, to: string): Promise<void> {
  const found = await stat(from).catch(() => undefined);
  if (found !== undefined) {
    await copyFile(from, to);
    const seconds = Math.floor(found.mtimeMs / 1000);
    await utimes(to, seconds, seconds);
  }
}

/** A repository inside of the work tree would enter the commit as a link to a commit that nobody else has. */
async function leaveOutNestedRepositories(
  git: Git,
  call: Pick<GitCall, 'directory' | 'personConfig' | 'config' | 'env'>,
  head: string,
): Promise<void> {
  const args = ['diff-index', '--cached', '--raw', '--no-renames', '--ignore-submodules=none', '-z', head];
  const raw = expectOk("can't list the changes", await git({ ...call, args }))
    .stdout.toString('latin1')
    .split('\0');
  const nested: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    if (/^:(?!160000)\d+ 160000 /.test(raw[index] ?? '')) {
      nested.push(`${raw[index + 1] ?? ''}\0`);
    }
  }
  if (nested.length > 0) {
    const input = Buffer.from(nested.join(''), 'latin1');
    const removed = await git({ ...call, args: ['update-index', '--force-remove', '-z', '--stdin'], input });
    expectOk("can't leave out nested repositories", removed);
  }
}

/**
 * Turns off every clean and smudge filter that the configuration names: they are programs, and their answer would depend on the machine.
 */
async function filtersOff(git: Git, directory: string): Promise<readonly (readonly [string, string])[]> {
  const args = ['config', '-z', '--name-only', '--get-regexp', '^filter\\.'];
  const result = await git({ directory, personConfig: true, args });
  const keys = result.stdout.toString('utf8').split('\0').filter(Boolean);
  return keys.map((key) => [key, key.endsWith('.required') ? 'false' : ''] as const);
}

function namesOf(bytes: Buffer, prefix: number): readonly string[] {
  return splitFields(bytes).map((field) => decodeName(field.subarray(prefix)).path);
}

function counted(names: readonly string[]): string {
  return names.length === 1 ? '1 file is' : `${names.length} files are`;
}
