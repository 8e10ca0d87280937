import type { ActionBody } from '../contracts/action.ts';
import type { Answer, ApprovalCard, PendingApproval } from '../contracts/approval.ts';
import type { Change, Changed } from '../contracts/change.ts';
import type { Digest, TaskId } from '../contracts/ids.ts';
import type { Saw } from '../contracts/saw.ts';
import type { TaskSpec } from '../contracts/task.ts';
import type { TaskEvent } from '../contracts/task-event.ts';
import type { FileChange } from '../contracts/task-repository.ts';
import type { TaskState, WaitingNote } from '../contracts/task-state.ts';

/** A line of a list, from Temporal's visibility: it may lag behind by a second. */
export interface TaskListEntry {
  readonly taskId: TaskId;
  readonly status: string;
  readonly instruction: string;
  readonly repository: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** The approval that waits, if any. */
  readonly approvalId: string | null;
  /** The oldest approval that waits, as the task noted it; null when none does. */
  readonly waiting: WaitingNote | null;
}

export interface StartOptions {
  /** 1 goes before 2, and so on to 5; 3 when not given. */
  readonly priority?: number;
}

/** The typed verbs of a task: the only user of Temporal's client. Throws `task.not_found`, `task.ended`, `server.unavailable`, `worker.missing` (a query that no worker answers in 10 s), `approval.*`. */
export interface TaskClient {
  /** Starts a task; the same id again gives the running one. Throws `usage.invalid` for a repository's URL with a password or token, `payload.too_large`. */
  start(spec: TaskSpec, options?: StartOptions): Promise<TaskId>;
  list(filter: { readonly status?: string; readonly limit: number }): Promise<readonly TaskListEntry[]>;
  /** Throws `task.ended`, with how, for an ended task whose version has no worker any more: its events and changes are still there. */
  state(taskId: TaskId): Promise<TaskState>;
  /** From the beginning, then as it happens, until the task has ended. Reconnects after an outage of the server without repeating or losing an event. */
  watch(
    taskId: TaskId,
    options: { readonly signal: AbortSignal; readonly live: boolean; readonly follow: boolean },
  ): AsyncIterable<TaskEvent>;
  /** What the person is to be shown, whole: the bytes that the pending approval's digest names. Throws `approval.changed` when they are the card of another approval or task. */
  card(taskId: TaskId, pending: PendingApproval): Promise<ApprovalCard>;
  /** Stores a changed action, for an answer with outcome `edited`. */
  putAction(body: ActionBody): Promise<Digest>;
  /** Throws `approval.not_found`, `approval.changed`, `approval.decided` (somebody was first), `approval.refused`. The same answer twice is one answer. */
  decide(taskId: TaskId, answer: Answer): Promise<{ readonly outcome: string }>;
  steer(taskId: TaskId, text: string, by: string, saw?: Saw | null): Promise<void>;
  pause(taskId: TaskId, by: string, saw?: Saw | null): Promise<void>;
  resume(taskId: TaskId, by: string, saw?: Saw | null): Promise<void>;
  /** At once unless the mode is `soft`: then what runs is finished and recorded first. */
  cancel(
    taskId: TaskId,
    by: string,
    how?: { readonly mode: 'soft' | 'now'; readonly saw?: Saw | null },
  ): Promise<void>;
  /** Back to the checkpoint at the end of an iteration; takes effect between iterations. Gives the approvals that are not asked any more. */
  rollback(
    taskId: TaskId,
    toIteration: number,
    by: string,
    saw?: Saw | null,
  ): Promise<{ readonly withdrawn: readonly string[] }>;
  /** Another budget, model or other constraints from the next plan on. Throws `usage.invalid`. */
  change(taskId: TaskId, change: Change): Promise<Changed>;
  changes(taskId: TaskId): Promise<readonly FileChange[]>;
  patch(taskId: TaskId): Promise<Uint8Array>;
  artifact(digest: Digest): Promise<Uint8Array>;
  close(): Promise<void>;
}
