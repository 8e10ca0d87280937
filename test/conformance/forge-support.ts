import { join } from 'node:path';
import type { FetchedRepository, FetchInput, Forge, PublishInput } from '../../contracts/forge.ts';
import { CommitIdSchema, TaskIdSchema } from '../../contracts/ids.ts';
import { gitBytes, gitWith, makeCheckpoint } from '../helpers/git-fixture.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

export type MakeForge = (stateDir: string) => Forge;

export const task = (name: string) => TaskIdSchema.parse(name);

export async function places(): Promise<{
  readonly repo: string;
  readonly state: string;
  readonly scratch: string;
}> {
  const dir = await temporaryDirectory();
  return { repo: join(dir, 'repo'), state: join(dir, 'state'), scratch: join(dir, 'scratch') };
}

export function fetchOf(repository: string, more: Partial<FetchInput> = {}): FetchInput {
  return { taskId: task('t1'), repository, ref: null, includeChanges: false, ...more };
}

export const kinds = (fetched: FetchedRepository): readonly string[] => fetched.notes.map(({ kind }) => kind);
export const textOf = (fetched: FetchedRepository, kind: string): string =>
  fetched.notes.find((note) => note.kind === kind)?.text ?? '';
export const filesOf = (fetched: FetchedRepository): readonly string[] =>
  gitBytes(fetched.gitDir, {}, 'ls-tree', '-r', '-z', '--name-only', fetched.baseCommit)
    .toString('utf8')
    .split('\0')
    .filter(Boolean);

/** A result as a task makes it: one commit on the base, in the task's repository. */
export function deliver(
  fetched: FetchedRepository,
  scratch: string,
  files: Readonly<Record<string, string | null>> = { 'new.txt': 'new\n' },
): PublishInput['commit'] {
  const { commit, pack } = makeCheckpoint(scratch, {
    gitDir: fetched.gitDir,
    parent: fetched.baseCommit,
    files,
  });
  gitWith(fetched.gitDir, { input: pack }, 'index-pack', '--stdin');
  return CommitIdSchema.parse(commit);
}

export function publishOf(
  fetched: FetchedRepository,
  repository: string,
  commit: PublishInput['commit'],
): PublishInput {
  const { baseCommit, baseBranch } = fetched;
  return { taskId: task('t1'), repository, branch: 'longhaul/t1', commit, baseCommit, baseBranch };
}
