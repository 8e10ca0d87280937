import { randomUUID } from 'node:crypto';
import { makeBareRepository } from './bare-repository.ts';
import { copyObjects } from './copy-objects.ts';
import type { Git, GitCall } from './git.ts';
import { expectOk } from './git-errors.ts';
import { formatOf, mirrorGitDir } from './layout.ts';
import { withQuarantine } from './quarantine.ts';
import { remoteCall, type Source } from './source.ts';

const fetchTimeoutMs = 2 * 60 * 60_000;
const attempts = 3;

export interface MirrorFetch {
  readonly stateDir: string;
  readonly source: Source;
  /** A commit, or a tag of one, that the source has. */
  readonly object: string;
}

/**
 * Brings a commit with all that it needs into the source's mirror, and gives the mirror's path and the commit. Any number of processes may
 * do this at once: each holds what it fetched by a ref of its own.
 */
export async function fetchIntoMirror(
  git: Git,
  { stateDir, source, object }: MirrorFetch,
): Promise<{ readonly gitDir: string; readonly commit: string }> {
  const gitDir = mirrorGitDir(stateDir, source.key, formatOf(object));
  await makeBareRepository(git, gitDir, formatOf(object));
  await copyObjects(git, { gitDir, source, object });
  await withQuarantine(gitDir, (env) => fetchObject(git, { gitDir, source, object, env }));
  const peeled = await git({ gitDir, args: ['rev-parse', '--verify', '--quiet', `${object}^{commit}`] });
  const commit = expectOk(`${object} of ${source.shown} names no commit`, peeled).stdout.toString().trim();
  // Never a name that was used before: a git that was killed may have left it locked for good.
  const ref = `refs/longhaul/${randomUUID()}`;
  expectOk(`can't hold ${commit} in ${gitDir}`, await git({ gitDir, args: ['update-ref', ref, commit] }));
  return { gitDir, commit };
}

interface ObjectFetch {
  readonly gitDir: string;
  readonly source: Source;
  readonly object: string;
  readonly env: NonNullable<GitCall['env']>;
}

async function fetchObject(git: Git, { gitDir, source, object, env }: ObjectFetch): Promise<void> {
  const call = remoteCall(source, {
    gitDir,
    env,
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
      object,
    ],
  });
  let result = await git(call);
  for (let attempt = 1; attempt < attempts && isShallowRace(result.stderr); attempt += 1) {
    result = await git(call);
  }
  expectOk(`can't fetch ${object} from ${source.shown}`, result);
}

/** Two fetches at once from a shallow source both write the mirror's list of shallow commits. */
function isShallowRace(stderr: string): boolean {
  return /shallow\.lock|shallow file has changed/.test(stderr);
}
