import { access, constants, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LonghaulError } from '../contracts/error.ts';
import type { Git, GitCall } from './git.ts';
import { diskFailure, expectOk } from './git-errors.ts';
import { redactUrls } from './redact.ts';

interface CommonSource {
  /** What git fetches from and pushes to: never with a password. */
  readonly address: string;
  /** What is the same for all names of one repository of this machine; the mirror's name is made of it. */
  readonly key: string;
  /** For messages. */
  readonly shown: string;
}

export interface PathSource extends CommonSource {
  readonly kind: 'path';
  /** Where git runs to see this repository, its HEAD and its index: the top of the work tree, or the bare repository. */
  readonly directory: string;
  /** Null when the repository is bare. */
  readonly workTree: string | null;
  readonly bare: boolean;
  readonly shallow: boolean;
}

export interface UrlSource extends CommonSource {
  readonly kind: 'url';
  readonly credential: { readonly username: string; readonly password: string | null } | null;
}

export type Source = PathSource | UrlSource;

const passwordHelper =
  '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$LONGHAUL_GIT_USERNAME" "$LONGHAUL_GIT_PASSWORD"; }; f';

/** Finds out what a repository argument names. Throws `repository.not_found`, `repository.unreadable`, `disk.no_permission`, `usage.invalid`. */
export async function resolveSource(git: Git, repository: string): Promise<Source> {
  if (/^file:\/\//i.test(repository)) {
    return resolvePath(git, pathOfFileUrl(repository));
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(repository)) {
    return resolveUrl(repository);
  }
  // `host:path` is ssh for git too, unless something of that name is here.
  if (/^[^/:]+:(?!:)/.test(repository) && !(await isThere(repository))) {
    return { kind: 'url', address: repository, key: repository, shown: repository, credential: null };
  }
  return resolvePath(git, resolve(repository));
}

/** Adds to a call what talking to the source needs: the person's git configuration and, for a URL that carried one, the password. */
export function remoteCall(source: Source, call: GitCall): GitCall {
  const credential = source.kind === 'url' ? source.credential : null;
  if (credential === null) {
    return { ...call, personConfig: true };
  }
  // By the environment alone: git hands a URL on as arguments, which everybody on the machine can list.
  const { username, password } = credential;
  const named: GitCall = {
    ...call,
    personConfig: true,
    config: [...(call.config ?? []), ['credential.username', username]],
  };
  if (password === null) {
    return named;
  }
  return {
    ...named,
    env: { ...call.env, LONGHAUL_GIT_USERNAME: username, LONGHAUL_GIT_PASSWORD: password },
    config: [...(named.config ?? []), ['credential.helper', ''], ['credential.helper', passwordHelper]],
  };
}

function pathOfFileUrl(repository: string): string {
  try {
    return fileURLToPath(repository);
  } catch (error) {
    throw new LonghaulError(
      'usage.invalid',
      `${repository} is no usable file URL: write file:///path/to/repository.`,
      {
        cause: error,
      },
    );
  }
}

function resolveUrl(repository: string): UrlSource {
  const shown = redactUrls(repository);
  if (!URL.canParse(repository)) {
    throw new LonghaulError(
      'usage.invalid',
      `${shown} is no URL. Give a path, or an https, ssh or file URL.`,
    );
  }
  const url = new URL(repository);
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const allowed =
    url.protocol === 'https:' || url.protocol === 'ssh:' || (url.protocol === 'http:' && loopback);
  if (!allowed) {
    throw new LonghaulError(
      'usage.invalid',
      `the repository ${shown} has a scheme that is not taken: give a path, or an https, ssh or file URL.`,
    );
  }
  const username = decodeURIComponent(url.username);
  const password = url.password === '' ? null : decodeURIComponent(url.password);
  url.password = '';
  if (url.protocol === 'ssh:' || username === '') {
    return { kind: 'url', address: url.href, key: url.href, shown, credential: null };
  }
  url.username = '';
  return { kind: 'url', address: url.href, key: url.href, shown, credential: { username, password } };
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function resolvePath(git: Git, path: string): Promise<PathSource> {
  await checkDirectory(path);
  const facts = await git({
    directory: path,
    personConfig: true,
    args: [
      'rev-parse',
      '--path-format=absolute',
      '--is-bare-repository',
      '--is-inside-work-tree',
      '--is-shallow-repository',
      '--git-common-dir',
    ],
  });
  expectOk(`${path} can't be read as a repository`, facts, 'repository.not_found');
  const [bare, inside, shallow, ...rest] = facts.stdout.toString('utf8').replace(/\n$/, '').split('\n');
  const commonDir = rest.join('\n');
  await checkAccess(commonDir, constants.R_OK | constants.X_OK, "can't read the repository");
  const workTree = inside === 'true' ? await topOf(git, path) : null;
  return {
    kind: 'path',
    address: commonDir,
    key: await realpath(commonDir),
    shown: path,
    directory: workTree ?? path,
    workTree,
    bare: bare === 'true',
    shallow: shallow === 'true',
  };
}

async function topOf(git: Git, path: string): Promise<string> {
  const args = ['rev-parse', '--path-format=absolute', '--show-toplevel'];
  const top = await git({ directory: path, personConfig: true, args });
  return expectOk(`can't find the top of the work tree at ${path}`, top)
    .stdout.toString('utf8')
    .replace(/\n$/, '');
}

async function checkDirectory(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      throw new LonghaulError(
        'repository.not_found',
        `there is no ${path}. Give the path of a git repository on the machine that runs the worker, or its URL.`,
        { cause: error },
      );
    }
    throw diskFailure("can't read the repository", path, error);
  });
  if (!found.isDirectory()) {
    throw new LonghaulError(
      'repository.not_found',
      `${path} is a file, no repository. Give the directory of a git repository, or its URL.`,
    );
  }
  await checkAccess(path, constants.R_OK | constants.X_OK, "can't read the repository");
  const dotGit = join(path, '.git');
  if (await isThere(dotGit)) {
    await checkAccess(dotGit, constants.R_OK, "can't read the repository");
  }
}

/** Throws `disk.no_permission` unless this user may do that with the path. */
export async function checkAccess(path: string, mode: number, what: string): Promise<void> {
  await access(path, mode).catch((error: unknown) => {
    throw diskFailure(what, path, error);
  });
}
