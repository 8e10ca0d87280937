import type { CommitId, TaskId, TreeId } from './ids.ts';

export interface TreeEntry {
  /** UTF-8; a name that is not valid UTF-8 is given in git's quoted form. */
  readonly path: string;
  readonly mode: '100644' | '100755' | '120000' | '160000';
  readonly object: string;
  readonly bytes: number;
}

export interface FileChange {
  readonly path: string;
  readonly status: 'added' | 'deleted' | 'modified' | 'renamed' | 'type_changed';
  readonly fromPath: string | null;
  readonly linesAdded: number;
  readonly linesRemoved: number;
}

/**
 * A task's bare repository on the trusted side: its base and its checkpoints. Reads objects only, never a work tree, and runs no
 * hook, filter or external diff. Throws `checkpoint.invalid` for a pack that does not hold what it says, `repository.changed` for an object that is gone.
 */
export interface TaskRepository {
  /** The bare repository's path, for a sandbox on this machine. */
  gitDir(taskId: TaskId): string;
  /** Checks the pack strictly, keeps its objects, and holds the commit by a ref of its own. Importing twice is fine. */
  importCheckpoint(input: {
    readonly taskId: TaskId;
    readonly iteration: number;
    readonly commit: CommitId;
    readonly pack: Uint8Array;
  }): Promise<void>;
  /** The commit's tree. */
  treeOf(taskId: TaskId, commit: CommitId): Promise<TreeId>;
  has(taskId: TaskId, commit: CommitId): Promise<boolean>;
  list(taskId: TaskId, commit: CommitId): Promise<readonly TreeEntry[]>;
  /** Files by path, each cut at `maxBytes`; one that is missing or no regular file is left out. */
  read(
    taskId: TaskId,
    commit: CommitId,
    paths: readonly string[],
    maxBytes: number,
  ): Promise<ReadonlyMap<string, Uint8Array>>;
  changes(taskId: TaskId, from: CommitId, to: CommitId): Promise<readonly FileChange[]>;
  /** A patch that `git apply` takes, binary files included. */
  patch(taskId: TaskId, from: CommitId, to: CommitId): Promise<Uint8Array>;
  /** One commit on top of `base` with the tree of `checkpoint`; deterministic. */
  commitDelivery(input: {
    readonly taskId: TaskId;
    readonly base: CommitId;
    readonly checkpoint: CommitId;
    readonly message: string;
    readonly timestampMs: number;
  }): Promise<CommitId>;
  /** Removes the task's repository. Twice is fine. */
  remove(taskId: TaskId): Promise<void>;
}
