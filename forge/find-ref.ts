import { LonghaulError } from '../contracts/error.ts';
import type { Git } from './git.ts';
import { expectOk } from './git-errors.ts';
import { nearNames } from './near-names.ts';
import { type PathSource, remoteCall, type Source, type UrlSource } from './source.ts';

export interface FoundRef {
  /** A commit, or a tag of one. */
  readonly object: string;
  /** Without `refs/heads/`; null for a tag or commit. */
  readonly branch: string | null;
}

const objectName = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const lsTimeoutMs = 2 * 60_000;

/** Finds what `ref` (null: HEAD) means in the source. Throws `repository.no_commits`, `repository.ref_not_found`. */
export async function findRef(git: Git, source: Source, ref: string | null): Promise<FoundRef> {
  if (ref !== null && (ref.startsWith('-') || /[\s\0]/.test(ref))) {
    throw new LonghaulError(
      'repository.ref_not_found',
      `${JSON.stringify(ref)} can't be the name of a branch, tag or commit.`,
    );
  }
  return source.kind === 'path' ? findInPath(git, source, ref) : findAtUrl(git, source, ref);
}

async function findInPath(git: Git, source: PathSource, ref: string | null): Promise<FoundRef> {
  const ask = (...args: readonly string[]) => git({ directory: source.directory, personConfig: true, args });
  // A branch goes before a tag of the same name: work starts from branches.
  const names = ref === null ? ['HEAD'] : [`refs/heads/${ref}`, ref];
  for (const name of names) {
    const commit = await ask('rev-parse', '--verify', '--quiet', `${name}^{commit}`);
    if (commit.exitCode === 0) {
      const object = commit.stdout.toString().trim();
      const full = (await ask('rev-parse', '--symbolic-full-name', name)).stdout.toString().trim();
      return { object, branch: branchOf(full) };
    }
  }
  const listed = await ask('for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/tags', 'refs/remotes');
  const refs = expectOk(`can't list the branches of ${source.shown}`, listed)
    .stdout.toString('utf8')
    .split('\n')
    .filter(Boolean);
  throw missing(source, ref, refs);
}

interface Remote {
  readonly head: string | null;
  readonly refs: ReadonlyMap<string, string>;
}

async function findAtUrl(git: Git, source: UrlSource, ref: string | null): Promise<FoundRef> {
  if (ref !== null && objectName.test(ref)) {
    return { object: ref, branch: null };
  }
  const { head, refs } = await listRemote(git, source, []);
  const names = ref === null ? [head ?? 'HEAD', 'HEAD'] : [`refs/heads/${ref}`, `refs/tags/${ref}`, ref];
  for (const name of names) {
    const object = refs.get(name);
    if (object !== undefined) {
      return { object, branch: branchOf(name) };
    }
  }
  throw missing(
    source,
    ref,
    [...refs.keys()].filter((name) => name.startsWith('refs/') && !name.endsWith('^{}')),
  );
}

/** The refs that a source shows, all or those that match the patterns, and the ref that HEAD stands for. */
export async function listRemote(git: Git, source: Source, patterns: readonly string[]): Promise<Remote> {
  const args = ['ls-remote', '--symref', '--quiet', '--end-of-options', source.address, ...patterns];
  const result = await git(remoteCall(source, { args, timeoutMs: lsTimeoutMs }));
  const lines = expectOk(`can't read ${source.shown}`, result)
    .stdout.toString('utf8')
    .split('\n')
    .filter(Boolean);
  let head: string | null = null;
  const refs = new Map<string, string>();
  for (const line of lines) {
    const [value = '', name = ''] = line.split('\t');
    if (!value.startsWith('ref: ')) {
      refs.set(name, value);
    } else if (name === 'HEAD') {
      head = value.slice('ref: '.length);
    }
  }
  return { head, refs };
}

function branchOf(fullName: string): string | null {
  return fullName.startsWith('refs/heads/') ? fullName.slice('refs/heads/'.length) : null;
}

function missing(source: Source, ref: string | null, refs: readonly string[]): LonghaulError {
  const names = refs.map((name) => name.replace(/^refs\/(?:heads|tags|remotes)\//, ''));
  if (names.length === 0) {
    return new LonghaulError(
      'repository.no_commits',
      `the repository ${source.shown} has no commit yet. Make the first one (\`git add -A && git commit -m "first"\`), then start the task again.`,
    );
  }
  if (ref === null) {
    return new LonghaulError(
      'repository.no_commits',
      `the current branch of ${source.shown} has no commit yet, but it has ${names.slice(0, 5).join(', ')}. Name one with --ref.`,
    );
  }
  const near = nearNames(ref, names);
  const hint =
    near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `It has ${names.slice(0, 5).join(', ')}.`;
  const full =
    source.kind === 'url' && /^[0-9a-f]{4,}$/.test(ref) ? ' Of a URL, a commit needs all its 40 digits.' : '';
  return new LonghaulError(
    'repository.ref_not_found',
    `the repository ${source.shown} has no branch, tag or commit ${ref}. ${hint}${full}`,
  );
}
