import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Runs git in a fixture and gives its output; a person's git, with their hooks and filters. Throws when it fails. */
export function git(directory: string, ...args: readonly string[]): string {
  return gitWith(directory, {}, ...args);
}

export function gitWith(
  directory: string,
  options: { readonly input?: string | Uint8Array; readonly env?: Readonly<Record<string, string>> },
  ...args: readonly string[]
): string {
  return gitBytes(directory, options, ...args)
    .toString('utf8')
    .trim();
}

export function gitBytes(
  directory: string,
  options: { readonly input?: string | Uint8Array; readonly env?: Readonly<Record<string, string>> },
  ...args: readonly string[]
): Buffer {
  const { status, stdout, stderr } = spawnSync('git', args, {
    cwd: directory,
    maxBuffer: 1024 * 1024 * 1024,
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin',
      HOME: directory,
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.com',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.com',
      GIT_AUTHOR_DATE: '@1700000000 +0000',
      GIT_COMMITTER_DATE: '@1700000000 +0000',
      ...options.env,
    },
    ...(options.input === undefined ? {} : { input: options.input }),
  });
  if (status !== 0) {
    throw new Error(`git ${args.join(' ')} failed in ${directory}: ${stderr.toString()}`);
  }
  return stdout;
}

export function writeFiles(directory: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
}

/** Commits everything in the work tree and gives the commit. */
export function commitAll(directory: string, message = 'change'): string {
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '--allow-empty', '-m', message);
  return git(directory, 'rev-parse', 'HEAD');
}

/** A repository with one commit on `main`. */
export function makeRepository(
  directory: string,
  files: Readonly<Record<string, string | Uint8Array>> = { 'README.md': '# Sample\n' },
): string {
  mkdirSync(directory, { recursive: true });
  git(directory, 'init', '--quiet', '--initial-branch=main');
  writeFiles(directory, files);
  return commitAll(directory, 'first');
}

/**
 * A checkpoint as a sandbox makes it: a commit of `files` over the tree of `parent`, in a repository of its own, and the pack of what
 * `parent` lacks.
 */
export function makeCheckpoint(
  scratch: string,
  input: {
    readonly gitDir: string;
    readonly parent: string;
    readonly files: Readonly<Record<string, string | Uint8Array | null>>;
    readonly message?: string;
  },
): { readonly commit: string; readonly tree: string; readonly pack: Buffer } {
  mkdirSync(scratch, { recursive: true });
  git(scratch, 'init', '--quiet');
  writeFileSync(join(scratch, '.git/objects/info/alternates'), `${join(input.gitDir, 'objects')}\n`);
  git(scratch, 'reset', '--quiet', '--hard', input.parent);
  for (const [name, content] of Object.entries(input.files)) {
    if (content === null) {
      git(scratch, 'rm', '--quiet', '--', name);
    } else {
      writeFiles(scratch, { [name]: content });
    }
  }
  const commit = commitAll(scratch, input.message ?? 'checkpoint');
  return {
    commit,
    tree: git(scratch, 'rev-parse', 'HEAD^{tree}'),
    pack: packOf(scratch, commit, input.parent),
  };
}

/** The objects of `commit` that `parent` lacks, as a pack that stands on its own. */
export function packOf(directory: string, commit: string, parent: string): Buffer {
  return gitBytes(
    directory,
    { input: `${commit}\n^${parent}\n` },
    'pack-objects',
    '--revs',
    '--stdout',
    '--quiet',
  );
}
