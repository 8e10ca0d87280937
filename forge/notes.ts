import { posix } from 'node:path';
import type { RepositoryNote } from '../contracts/forge.ts';
import type { Git } from './git.ts';
import { shownList } from './names.ts';
import { readObjects } from './read-objects.ts';
import type { ListedEntry } from './tree-listing.ts';

const largeBytes = 50 * 1024 * 1024;
/** A pointer file of Git LFS is smaller: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
const maxPointerBytes = 1024;
const maxPointersRead = 20_000;
const maxAttributesBytes = 256 * 1024;
const maxLinkBytes = 4096;

/** What people should know of a tree before work starts on it. */
export async function treeNotes(
  git: Git,
  gitDir: string,
  entries: readonly ListedEntry[],
): Promise<readonly RepositoryNote[]> {
  const found = [
    submodules(entries),
    await lfsPointers(git, gitDir, entries),
    largeFiles(entries),
    unusualNames(entries),
    await outwardSymlinks(git, gitDir, entries),
  ];
  return found.filter((note) => note !== null);
}

function submodules(entries: readonly ListedEntry[]): RepositoryNote | null {
  const paths = entries.filter(({ mode }) => mode === '160000').map(({ path }) => path);
  return note(
    'submodules',
    paths,
    (count, names) => `${count} submodule${plural(count)} left empty: ${names}`,
  );
}

async function lfsPointers(
  git: Git,
  gitDir: string,
  entries: readonly ListedEntry[],
): Promise<RepositoryNote | null> {
  const attributes = entries.filter(
    ({ path, mode }) => posix.basename(path) === '.gitattributes' && mode.startsWith('100'),
  );
  const texts = await readObjects(
    git,
    gitDir,
    attributes.map(({ object }) => object),
    maxAttributesBytes,
  );
  if (![...texts.values()].some((text) => text.includes('filter=lfs'))) {
    return null;
  }
  const small = entries.filter(
    ({ mode, bytes }) => mode.startsWith('100') && bytes >= 100 && bytes < maxPointerBytes,
  );
  const candidates = small.slice(0, maxPointersRead);
  const heads = await readObjects(
    git,
    gitDir,
    candidates.map(({ object }) => object),
    64,
  );
  const paths = candidates
    .filter(({ object }) =>
      heads.get(object)?.toString('latin1').startsWith('version https://git-lfs.github.com/spec/'),
    )
    .map(({ path }) => path);
  return note(
    'lfs_pointers',
    paths,
    (count, names) =>
      `${count} file${plural(count)} of Git LFS ${count === 1 ? 'is' : 'are'} there as pointer text only: ${names}`,
  );
}

function largeFiles(entries: readonly ListedEntry[]): RepositoryNote | null {
  const large = entries.filter(({ bytes }) => bytes >= largeBytes).sort((a, b) => b.bytes - a.bytes);
  const names = large.map(({ path, bytes }) => `${path} (${Math.round(bytes / 1024 / 1024)} MiB)`);
  return note(
    'large_files',
    names,
    (count, shown) => `${count} file${plural(count)} of 50 MiB or more: ${shown}`,
  );
}

function unusualNames(entries: readonly ListedEntry[]): RepositoryNote | null {
  // One that is not UTF-8 is quoted already.
  const names = entries.filter(({ unusual }) => unusual).map(({ path }) => path);
  return note(
    'unusual_names',
    names,
    (count, shown) => `${count} file name${plural(count)} with control characters or invalid UTF-8: ${shown}`,
  );
}

async function outwardSymlinks(
  git: Git,
  gitDir: string,
  entries: readonly ListedEntry[],
): Promise<RepositoryNote | null> {
  const links = entries.filter(({ mode }) => mode === '120000');
  const targets = await readObjects(
    git,
    gitDir,
    links.map(({ object }) => object),
    maxLinkBytes,
  );
  const outward = links.filter(({ path, object }) =>
    leavesTree(path, targets.get(object)?.toString('utf8') ?? ''),
  );
  return note(
    'outward_symlinks',
    outward.map(({ path }) => path),
    (count, names) =>
      `${count} symbolic link${plural(count)} to outside of the repository, of no use in the sandbox: ${names}`,
  );
}

/** Whether a link at `path` names something outside of the tree, as far as its text tells. */
export function leavesTree(path: string, target: string): boolean {
  if (target.startsWith('/')) {
    return true;
  }
  const reached = posix.normalize(posix.join(posix.dirname(path), target));
  return reached === '..' || reached.startsWith('../');
}

function note(
  kind: RepositoryNote['kind'],
  names: readonly string[],
  text: (count: number, names: string) => string,
): RepositoryNote | null {
  if (names.length === 0) {
    return null;
  }
  return { kind, text: `${text(names.length, shownList(names))}.` };
}

function plural(count: number): string {
  return count === 1 ? '' : 's';
}
