import { constants } from 'node:fs';
import { join } from 'node:path';
import { errorCode, LonghaulError } from '../contracts/error.ts';
import type { Published, PublishInput } from '../contracts/forge.ts';
import { listRemote } from './find-ref.ts';
import type { Git } from './git.ts';
import { expectOk, gitFailure } from './git-errors.ts';
import { taskGitDir } from './layout.ts';
import { fetchIntoMirror } from './mirror.ts';
import { quoteName } from './names.ts';
import { redactUrls } from './redact.ts';
import { checkAccess, type PathSource, remoteCall, resolveSource, type Source } from './source.ts';

const pushTimeoutMs = 60 * 60_000;

export async function publishBranch(git: Git, stateDir: string, input: PublishInput): Promise<Published> {
  const gitDir = taskGitDir(stateDir, input.taskId);
  const commit = await git({ gitDir, args: ['cat-file', '-e', `${input.commit}^{commit}`] });
  expectOk(`the commit ${input.commit} to publish is not in ${gitDir}`, commit, 'repository.changed');
  const source = await resolveSource(git, input.repository).catch((error: unknown) => {
    throw whereItWas(error, input);
  });
  const ref = `refs/heads/${input.branch}`;
  const refs = await refsOfNow(git, source, ref, input.baseBranch);
  // Before the push: what goes wrong here then leaves no branch that nobody was told of.
  const standing = await standingOf(git, { stateDir, gitDir, source, refs, input });
  if (!isPublished(source, refs, ref, input.commit)) {
    await push(git, { gitDir, source, ref, input });
  }
  return { branch: input.branch, commit: input.commit, ...standing };
}

/** A task delivers where it came from: another path cannot be given any more. */
function whereItWas(error: unknown, { repository, branch }: PublishInput): unknown {
  if (errorCode(error) !== 'repository.not_found') return error;
  return new LonghaulError(
    'repository.not_found',
    `can't publish the branch ${branch}: the repository of the task is not at ${redactUrls(repository)} any more. Bring it back there, then deliver again; \`longhaul diff --patch\` gives the work as a patch.`,
    { cause: error },
  );
}

type Refs = ReadonlyMap<string, string>;

async function refsOfNow(git: Git, source: Source, ref: string, baseBranch: string | null): Promise<Refs> {
  const parents = ref.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'));
  const patterns = [
    ...parents.slice(2),
    `${ref}/*`,
    ...(baseBranch === null ? [] : [`refs/heads/${baseBranch}`]),
  ];
  return (await listRemote(git, source, patterns)).refs;
}

/** Whether the branch is there with this commit. Throws when its name is taken. */
function isPublished(source: Source, refs: Refs, ref: string, commit: string): boolean {
  const found = refs.get(ref);
  if (found === commit) {
    return true;
  }
  const clash = [...refs.keys()].find(
    (name) => ref === name || ref.startsWith(`${name}/`) || name.startsWith(`${ref}/`),
  );
  if (clash === undefined) {
    return false;
  }
  const name = clash.slice('refs/heads/'.length);
  const what =
    found === undefined
      ? `the branch ${name} is in the way`
      : `the branch ${name} is there already, at ${found} instead of ${commit}`;
  throw new LonghaulError(
    'repository.push_refused',
    `can't publish to ${source.shown}: ${what}. Nothing was overwritten. Rename or delete it (\`git branch -m ${name} ${name}-old\`), then deliver again; \`longhaul diff --patch\` gives the work as a patch.`,
    { details: { branch: name, commit } },
  );
}

interface StandingInput {
  readonly stateDir: string;
  readonly gitDir: string;
  readonly source: Source;
  readonly refs: Refs;
  readonly input: PublishInput;
}

/** How the base branch of now relates to the task's base and result. */
async function standingOf(
  git: Git,
  { stateDir, gitDir, source, refs, input }: StandingInput,
): Promise<Pick<Published, 'baseMovedBy' | 'mergesCleanly'>> {
  const branch = input.baseBranch === null ? null : `refs/heads/${input.baseBranch}`;
  const now = branch === null ? undefined : refs.get(branch);
  if (branch === null || now === undefined) {
    return { baseMovedBy: null, mergesCleanly: null };
  }
  if (now === input.baseCommit) {
    return { baseMovedBy: 0, mergesCleanly: true };
  }
  const mirror = await fetchIntoMirror(git, { stateDir, source, object: now });
  const { commit } = mirror;
  // Another mirror than the one the task borrows from, when the repository has been moved since.
  const env = { GIT_ALTERNATE_OBJECT_DIRECTORIES: quoteName(Buffer.from(join(mirror.gitDir, 'objects'))) };
  const run: Git = (call) => git({ ...call, gitDir, env });
  const counted = await run({ args: ['rev-list', '--count', `${input.baseCommit}..${commit}`] });
  return {
    baseMovedBy: Number(
      expectOk(`can't count the new commits of ${input.baseBranch}`, counted).stdout.toString(),
    ),
    mergesCleanly: await mergesCleanly(run, commit, input.commit),
  };
}

/** Null where git is older than 2.38 and cannot merge without a work tree. */
async function mergesCleanly(git: Git, ours: string, theirs: string): Promise<boolean | null> {
  const merged = await git({ args: ['merge-tree', '--write-tree', ours, theirs] });
  if (merged.exitCode === 0 || merged.exitCode === 1) {
    return merged.exitCode === 0;
  }
  const related = await git({ args: ['merge-base', ours, theirs] });
  return related.exitCode === 1 ? false : null;
}

interface PushInput {
  readonly gitDir: string;
  readonly source: Source;
  readonly ref: string;
  readonly input: PublishInput;
}

async function push(git: Git, { gitDir, source, ref, input }: PushInput): Promise<void> {
  const what = `can't publish the branch ${input.branch} to ${source.shown}`;
  if (source.kind === 'path') {
    await checkWritable(source, what);
  }
  const result = await git(
    remoteCall(source, {
      gitDir,
      timeoutMs: pushTimeoutMs,
      args: [
        'push',
        '--quiet',
        '--porcelain',
        '--no-verify',
        '--no-signed',
        '--no-follow-tags',
        '--no-recurse-submodules',
        // Not to force, but to say that the branch must be new: a plain push would move one that is behind.
        `--force-with-lease=${ref}:`,
        ...receivePack(source),
        '--',
        source.address,
        `${input.commit}:${ref}`,
      ],
    }),
  );
  if (result.exitCode === 0) {
    return;
  }
  const refs = await refsOfNow(git, source, ref, null);
  if (!isPublished(source, refs, ref, input.commit)) {
    const reason =
      result.stdout
        .toString('utf8')
        .split('\n')
        .find((line) => line.startsWith('!')) ?? '';
    const said = `${result.stderr}\n${reason.replaceAll('\t', ' ')}`;
    throw gitFailure(what, { ...result, stderr: said.trim() }, 'repository.push_refused');
  }
}

/**
 * In a person's own repository their hooks do not run and nothing is collected. A bare repository may guard itself with hooks: those are the
 * owner's word on what may come in, and run.
 */
function receivePack(source: Source): readonly string[] {
  if (source.kind === 'url') {
    return [];
  }
  const off = ['receive.autogc=false', 'gc.auto=0', 'maintenance.auto=false', 'core.fsmonitor=false'];
  const hooks = source.bare ? [] : ['core.hooksPath=/dev/null'];
  return [
    `--receive-pack=git ${[...off, ...hooks].map((setting) => `-c ${setting}`).join(' ')} receive-pack`,
  ];
}

async function checkWritable(source: PathSource, what: string): Promise<void> {
  const advice = `${what} (\`longhaul diff --patch\` gives the work as a patch): no writing`;
  for (const name of ['objects', 'refs', join('refs', 'heads')]) {
    await checkAccess(join(source.address, name), constants.W_OK | constants.X_OK, advice);
  }
}
