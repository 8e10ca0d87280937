import type { CommitId, TaskId, TreeId } from './ids.ts';

/** What a person should know about the repository before the task starts. */
export interface RepositoryNote {
  readonly kind:
    | 'dirty'
    | 'included_changes'
    | 'shallow'
    | 'submodules'
    | 'lfs_pointers'
    | 'large_files'
    | 'unusual_names'
    | 'outward_symlinks';
  /** For people, one sentence with the number or the names. */
  readonly text: string;
}

export interface FetchInput {
  readonly taskId: TaskId;
  /** A path of this machine or a git URL (https, ssh, file). */
  readonly repository: string;
  /** A branch, tag or commit; null for what HEAD is. */
  readonly ref: string | null;
  /** Makes the base out of the work tree with its uncommitted changes, without touching tree or index. Paths only. */
  readonly includeChanges: boolean;
}

export interface FetchedRepository {
  /** The task's own bare repository on the trusted side. */
  readonly gitDir: string;
  readonly baseCommit: CommitId;
  readonly baseTree: TreeId;
  /** The branch that the base was taken from, without `refs/heads/`; null for a tag or a commit. */
  readonly baseBranch: string | null;
  readonly notes: readonly RepositoryNote[];
}

export interface PublishInput {
  readonly taskId: TaskId;
  readonly repository: string;
  readonly branch: string;
  readonly commit: CommitId;
  readonly baseCommit: CommitId;
  readonly baseBranch: string | null;
}

export interface Published {
  readonly branch: string;
  readonly commit: CommitId;
  /** How many commits the base branch has moved on since the task began; null when it was not taken from a branch, or the branch is gone. */
  readonly baseMovedBy: number | null;
  /** Whether the branch merges into the base branch of now without a conflict; null when there is none. */
  readonly mergesCleanly: boolean | null;
}

/**
 * The place that a repository comes from and goes back to. Holds the credentials; no sandbox sees them.
 * Both calls are idempotent: the same task fetches the same base again, also when the remote has moved; a branch that already
 * has this commit is not pushed again.
 * Throws `repository.not_found`, `repository.no_commits`, `repository.ref_not_found`, `repository.unreadable`,
 * `repository.unavailable` (retryable), `repository.push_refused`, `disk.no_permission`, `disk.full`.
 */
export interface Forge {
  fetch(input: FetchInput): Promise<FetchedRepository>;
  /** Never touches the person's work tree, index, config, hooks or current branch. */
  publish(input: PublishInput): Promise<Published>;
}
