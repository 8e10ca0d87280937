import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { LonghaulError } from '../contracts/error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

// The XDG base directory specification: a relative path in these variables is to be ignored.
function xdg(env: Environment, variable: string, fallback: readonly string[]): string {
  const value = env[variable];
  const base = value !== undefined && isAbsolute(value) ? value : join(homedir(), ...fallback);
  return join(base, 'longhaul');
}

/**
 * Where everything lies that is Longhaul's and not Temporal's: `LONGHAUL_HOME`, else the XDG state directory.
 * Throws `config.invalid` for a relative `LONGHAUL_HOME`: it would name another place from each folder.
 */
export function stateDirectory(env: Environment = process.env): string {
  const home = env['LONGHAUL_HOME'];
  if (home === undefined || home === '') return xdg(env, 'XDG_STATE_HOME', ['.local', 'state']);
  if (isAbsolute(home)) return home;
  throw new LonghaulError(
    'config.invalid',
    `LONGHAUL_HOME must be an absolute path, and it is "${home}". Set it to one, or unset it to use the default.`,
  );
}

/** Where things lie that can be had again: downloaded and built binaries, workflow bundles. */
export function cacheDirectory(env: Environment = process.env): string {
  return xdg(env, 'XDG_CACHE_HOME', ['.cache']);
}

/** Makes a directory that only its owner can read, and gives it back. Throws `disk.no_permission` or `disk.full`. */
export function ensurePrivateDirectory(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return directory;
  } catch (error) {
    throw diskError(error, `create the directory ${directory}`);
  }
}

/** Names a failed write by its cause; anything but a full disk counts as one that may not be written. */
export function diskError(error: unknown, what: string): LonghaulError {
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? error.code : null;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return full
    ? new LonghaulError(
        'disk.full',
        `Cannot ${what}: the disk is full. Free some space there and try again.`,
        {
          cause: error,
        },
      )
    : new LonghaulError(
        'disk.no_permission',
        `Cannot ${what}: ${reason}. Make it writable, or set LONGHAUL_HOME to a directory that is.`,
        { cause: error },
      );
}
