import { type ErrorOptions, LonghaulError } from '../contracts/error.ts';
import type { ErrorCode } from '../contracts/words/errors.ts';
import type { GitResult } from './git.ts';

interface Row {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly advice: string;
}

/**
 * What git says of failures that no exit code and no check beforehand can tell apart: it has 128 for all of them. First match wins. The
 * texts are those of git 2.30 to 2.51 under LC_ALL=C.
 */
const table: readonly Row[] = [
  {
    pattern: /No space left on device|Disk quota exceeded/i,
    code: 'disk.full',
    advice: 'Make room there; the task goes on by itself.',
  },
  {
    pattern: /detected dubious ownership/i,
    code: 'repository.unreadable',
    advice:
      'The repository belongs to another user, and git does not trust it. If you do, run `git config --global --add safe.directory <its path>`.',
  },
  {
    pattern:
      /Authentication failed|could not read (?:Username|Password)|Permission denied \(|terminal prompts disabled|Host key verification failed|HTTP 40[13]|returned error: 40[13]/i,
    code: 'repository.unreadable',
    advice:
      'The server refused the credentials. Check them with `git ls-remote <url>` as the user that runs the worker.',
  },
  {
    pattern:
      /(?:Repository|repository) .*not found|does not appear to be a git repository|returned error: 404/i,
    code: 'repository.not_found',
    advice: 'Check the address for a typing error, and that this user may see the repository.',
  },
  {
    pattern: /transport '[^']*' not allowed/i,
    code: 'usage.invalid',
    advice: 'Give a path or an https, ssh or file URL.',
  },
  {
    pattern:
      /Could not resolve host|Empty reply from server|Connection (?:refused|reset|timed out)|Failed to connect|Network is unreachable|No route to host|early EOF|unexpected disconnect|hung up unexpectedly|RPC failed|Operation (?:timed out|too slow)|returned error: (?:429|5\d\d)|Unable to create '.*\.lock'|shallow file has changed/i,
    code: 'repository.unavailable',
    advice: 'The server, the network or another git was in the way; trying again may help.',
  },
  {
    pattern: /Read-only file system|Permission denied|Operation not permitted/i,
    code: 'disk.no_permission',
    advice: 'Give the user that runs the worker access to that path.',
  },
  {
    pattern: /not a git repository/i,
    code: 'repository.not_found',
    advice: 'Give the path of a git repository, or make it one with `git init` and a first commit.',
  },
];

const keptLines = 6;

/** Makes an error out of a git that failed; what is not in the table gets `fallback`. */
export function gitFailure(
  what: string,
  result: GitResult,
  fallback: ErrorCode = 'repository.unreadable',
): LonghaulError {
  const said = result.stderr
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-keptLines)
    .join(' | ');
  const row = table.find(({ pattern }) => pattern.test(result.stderr));
  const advice =
    row?.advice ??
    'Run the same with git by hand to see more; `git fsck` tells whether the repository is whole.';
  return new LonghaulError(
    row?.code ?? fallback,
    `${what}: git ended with ${result.exitCode}${said === '' ? '' : ` and said: ${said}`}. ${advice}`,
    { details: { exitCode: result.exitCode } },
  );
}

/** Gives the result back when git ended well, and throws `gitFailure` otherwise. */
export function expectOk(what: string, result: GitResult, fallback?: ErrorCode): GitResult {
  if (result.exitCode !== 0) {
    throw gitFailure(what, result, fallback);
  }
  return result;
}

const diskCodes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'disk.full',
  EDQUOT: 'disk.full',
  EACCES: 'disk.no_permission',
  EPERM: 'disk.no_permission',
  EROFS: 'disk.no_permission',
};

/** Makes an error of ours out of a failed file operation on `path`; anything else comes back as it is. */
export function diskFailure(what: string, path: string, error: unknown): unknown {
  const errno = error instanceof Error && 'code' in error ? String(error.code) : '';
  const code = diskCodes[errno];
  if (code === undefined || error instanceof LonghaulError) {
    return error;
  }
  const advice =
    code === 'disk.full'
      ? 'Make room there; the task goes on by itself.'
      : 'Give the user that runs the worker access to that path.';
  const options: ErrorOptions = { cause: error, details: { path } };
  return new LonghaulError(code, `${what} at ${path}: ${errno}. ${advice}`, options);
}
