import { randomUUID } from 'node:crypto';
import { makeBareRepository } from './bare-repository.ts';
import type { Git } from './git.ts';
import { expectOk } from './git-errors.ts';
import { mirrorGitDir, type ObjectFormat } from './layout.ts';
import { remoteCall, type Source } from './source.ts';

const fetchTimeoutMs = 2 * 60 * 60_000;
const attempts = 3;

export interface MirrorFetch {
  readonly stateDir: string;
  readonly source: Source;
  readonly format: ObjectFormat;
  /** A full ref name, or an object name. */
  readonly wanted: string;
}

/**
 * Brings a commit with all that it needs into the source's mirror, and gives the mirror's path and the commit. Any number of processes may
 * do this at once: each holds what it fetched by a ref of its own.
 */
export async function fetchIntoMirror(
  git: Git,
  { stateDir, source, format, wanted }: MirrorFetch,
): Promise<{ readonly gitDir: string; readonly commit: string }> {
  const gitDir = mirrorGitDir(stateDir, source.key, format);
  await makeBareRepository(git, gitDir, format);
  // Never a name that was used before: a git that was killed may have left it locked for good.
  const ref = `refs/longhaul/${randomUUID()}`;
  const what = `can't fetch ${wanted} from ${source.shown}`;
  const call = remoteCall(source, {
    gitDir,
    timeoutMs: fetchTimeoutMs,
    args: [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--update-shallow',
      '--no-auto-maintenance',
      '--no-recurse-submodules',
      '--no-prune',
      '--end-of-options',
      source.address,
      `+${wanted}:${ref}`,
    ],
  });
  let result = await git(call);
  for (let attempt = 1; attempt < attempts && isShallowRace(result.stderr); attempt += 1) {
    result = await git(call);
  }
  expectOk(what, result);
  const peeled = await git({ gitDir, args: ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`] });
  return {
    gitDir,
    commit: expectOk(`${wanted} of ${source.shown} names no commit`, peeled).stdout.toString().trim(),
  };
}

/** Two fetches at once from a shallow source both write the mirror's list of shallow commits. */
function isShallowRace(stderr: string): boolean {
  return /shallow\.lock|shallow file has changed/.test(stderr);
}
