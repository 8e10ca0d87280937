import { LonghaulError } from '../../contracts/error.ts';
import type { Git } from './git.ts';

/** Puts a commit's tree into an empty workspace, bytes as they are, and gives its tree. */
export async function checkOut(git: Git, commit: string): Promise<string> {
  const tree = await treeOf(git, commit);
  await git.run(['read-tree', '--reset', '-u', commit]);
  return tree;
}

/** The tree of a commit. Throws `checkpoint.invalid` for a commit that the keeper cannot reach. */
export async function treeOf(git: Git, commit: string): Promise<string> {
  const result = await git.attempt(['rev-parse', '--verify', '--quiet', `${commit}^{tree}`]);
  if (result.exitCode === 0) return result.stdout.toString('latin1').trim();
  throw new LonghaulError(
    'checkpoint.invalid',
    `Commit ${commit} is neither in the source repository nor among the checkpoints of this sandbox.`,
  );
}

/**
 * Makes the workspace equal to a commit's tree: changed files are written again, files that the commit lacks go, ignored ones stay.
 * Commands of the sandbox must be stopped: git looks at each path before it writes, and nothing may change in between.
 */
export async function restoreTree(git: Git, commit: string): Promise<string> {
  const tree = await treeOf(git, commit);
  await restoreTracked(git, commit);
  await git.run(['clean', '-ffdq']);
  return tree;
}

/** Writes tracked files again where they differ from the commit; leaves all others. The same rule as for `restoreTree`. */
export async function restoreTracked(git: Git, commit: string): Promise<void> {
  await git.run(['read-tree', '--reset', '-u', commit]);
}
