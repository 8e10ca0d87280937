import type { Git, GitCall } from './git.ts';
import { expectOk } from './git-errors.ts';

/** Makes a commit object that depends on nothing but its input; no ref is set. */
export async function deterministicCommit(
  git: Git,
  call: Omit<GitCall, 'args'>,
  input: {
    readonly tree: string;
    readonly parent: string;
    readonly message: string;
    readonly timestampMs: number;
  },
): Promise<string> {
  const date = `@${Math.floor(input.timestampMs / 1000)} +0000`;
  const result = await git({
    ...call,
    args: ['commit-tree', '-p', input.parent, '-F', '-', input.tree],
    input: input.message,
    config: [...(call.config ?? []), ['i18n.commitEncoding', 'UTF-8'], ['commit.gpgSign', 'false']],
    env: {
      ...call.env,
      GIT_AUTHOR_NAME: 'Longhaul',
      GIT_AUTHOR_EMAIL: 'longhaul@localhost',
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: 'Longhaul',
      GIT_COMMITTER_EMAIL: 'longhaul@localhost',
      GIT_COMMITTER_DATE: date,
    },
  });
  return expectOk(`can't make a commit on ${input.parent}`, result, 'repository.changed')
    .stdout.toString()
    .trim();
}
