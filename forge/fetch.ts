import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LonghaulError } from '../contracts/error.ts';
import type { FetchedRepository, FetchInput, RepositoryNote } from '../contracts/forge.ts';
import { exists, makeBareRepository } from './bare-repository.ts';
import { type FoundRef, findRef } from './find-ref.ts';
import type { Git } from './git.ts';
import { diskFailure, expectOk } from './git-errors.ts';
import { baseRef, formatOf, taskGitDir } from './layout.ts';
import { fetchIntoMirror } from './mirror.ts';
import { treeNotes } from './notes.ts';
import { type PathSource, resolveSource, type Source } from './source.ts';
import { listTree } from './tree-listing.ts';
import { commitWorkTree, dirtyNote } from './work-tree.ts';

type Base = Omit<FetchedRepository, 'gitDir'>;

/** The answer of the first fetch, kept in the task's repository so that later ones need no remote. */
const baseFile = 'longhaul.json';

export async function fetchRepository(
  git: Git,
  stateDir: string,
  input: FetchInput,
): Promise<FetchedRepository> {
  const gitDir = taskGitDir(stateDir, input.taskId);
  if (await exists(gitDir)) {
    return readBase(gitDir);
  }
  const source = await resolveSource(git, input.repository);
  const workTree = input.includeChanges ? requireWorkTree(source) : null;
  const found = await findRef(git, source, input.ref);
  if (workTree !== null && input.ref !== null) {
    await requireHead(git, workTree, found, input.ref);
  }
  const mirror = await fetchIntoMirror(git, { stateDir, source, object: found.object });
  await makeBareRepository(git, gitDir, formatOf(mirror.commit), async (making) => {
    await borrowObjects(making, mirror.gitDir);
    const base = await makeBase(git, {
      gitDir: making,
      source,
      workTree,
      commit: mirror.commit,
      branch: found.branch,
    });
    await writeFile(join(making, baseFile), `${JSON.stringify(base)}\n`);
  });
  return readBase(gitDir);
}

async function readBase(gitDir: string): Promise<FetchedRepository> {
  const path = join(gitDir, baseFile);
  try {
    return { gitDir, ...(JSON.parse(await readFile(path, 'utf8')) as Base) };
  } catch (error) {
    const what = damageOf(error);
    if (what === null) throw diskFailure("can't read the task's repository", path, error);
    throw new LonghaulError(
      'repository.unreadable',
      `the task's repository ${gitDir} is damaged: ${path} ${what}. Bring it back from a backup, or start the task again.`,
      { cause: error },
    );
  }
}

/** Null for a fault of reading, which tells nothing of what the file holds. */
function damageOf(error: unknown): string | null {
  if (error instanceof SyntaxError) return 'is no JSON';
  const errno = error instanceof Error && 'code' in error ? error.code : undefined;
  return errno === 'ENOENT' || errno === 'ENOTDIR' ? 'is not there' : null;
}

type SourceWithTree = PathSource & { readonly workTree: string };

function requireWorkTree(source: Source): SourceWithTree {
  if (source.kind === 'path' && source.workTree !== null) {
    return { ...source, workTree: source.workTree };
  }
  throw new LonghaulError(
    'usage.invalid',
    `uncommitted changes can't be included: ${source.shown} has no work tree. Leave --include-changes out, or give the path of a work tree.`,
  );
}

async function requireHead(git: Git, source: SourceWithTree, found: FoundRef, ref: string): Promise<void> {
  const head = await findRef(git, source, null);
  if (head.object !== found.object) {
    throw new LonghaulError(
      'usage.invalid',
      `uncommitted changes can't be included on ${ref}: the work tree ${source.workTree} stands on ${head.branch ?? head.object}. Leave out --ref or --include-changes.`,
    );
  }
}

/** Lends the mirror's objects to the task's repository, with the mirror's word on where history was cut. */
async function borrowObjects(gitDir: string, mirror: string): Promise<void> {
  await writeFile(join(gitDir, 'objects', 'info', 'alternates'), `${join(mirror, 'objects')}\n`);
  const shallow = join(mirror, 'shallow');
  if (await exists(shallow)) {
    await copyFile(shallow, join(gitDir, 'shallow'));
  }
}

interface BaseInput {
  readonly gitDir: string;
  readonly source: Source;
  readonly workTree: SourceWithTree | null;
  readonly commit: string;
  readonly branch: string | null;
}

async function makeBase(git: Git, { gitDir, source, workTree, commit, branch }: BaseInput): Promise<Base> {
  const notes: (RepositoryNote | null)[] = [];
  let base = commit;
  if (workTree !== null) {
    const included = await commitWorkTree(git, { source: workTree, head: commit, gitDir });
    base = included?.commit ?? commit;
    notes.push(included?.note ?? null);
  } else if (source.kind === 'path') {
    notes.push(await dirtyNote(git, source));
  }
  if (await exists(join(gitDir, 'shallow'))) {
    notes.push({
      kind: 'shallow',
      text: 'The repository is a shallow clone: older history is not there to look at.',
    });
  }
  expectOk(`can't name the base of ${gitDir}`, await git({ gitDir, args: ['update-ref', baseRef, base] }));
  const parsed = await git({ gitDir, args: ['rev-parse', '--verify', `${base}^{tree}`] });
  const tree = expectOk(`can't read the base ${base} in ${gitDir}`, parsed).stdout.toString().trim();
  notes.push(...(await treeNotes(git, gitDir, await listTree(git, gitDir, tree))));
  return {
    baseCommit: base as Base['baseCommit'],
    baseTree: tree as Base['baseTree'],
    baseBranch: branch,
    notes: notes.filter((note) => note !== null),
  };
}
