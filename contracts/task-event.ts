import type { Action, PlanStep } from './action.ts';
import type { BaselineCheck, VerifyOutput } from './activities.ts';
import type { Answer, PendingApproval } from './approval.ts';
import type { Change } from './change.ts';
import type { Decision } from './decision.ts';
import type { Evaluation } from './evaluation.ts';
import type { RepositoryNote } from './forge.ts';
import type { CommitId, Digest } from './ids.ts';
import type { Observation } from './observation.ts';
import type { Checkpoint, PlanRecord } from './record.ts';
import type { Saw } from './saw.ts';
import type { TaskOutcome } from './task-state.ts';

/** Where an event stands: `seq` grows over the whole life of a task, also over continue-as-new. */
export interface EventPlace {
  readonly taskId: string;
  /** `<run index>.<event id>`, for example `0.17`. */
  readonly seq: string;
  readonly atMs: number;
}

/** Who told the task something, and what their screen was based on; absent when they quoted nothing. */
export interface Said {
  readonly by: string;
  readonly saw?: Saw;
}

/**
 * A task's story, one event at a time. All are projections of Temporal's history, the `live.*` ones of what runs right now (heartbeat
 * details and pending retries; those have no `seq` of their own and may be missed).
 */
export type TaskEvent = EventPlace &
  (
    | {
        readonly type: 'task.started';
        readonly instruction: string;
        readonly repository: string;
        readonly requestedBy: string;
        readonly model: string;
        readonly policy: string;
      }
    | {
        readonly type: 'repository.fetched';
        readonly baseCommit: CommitId;
        readonly baseBranch: string | null;
        readonly notes: readonly RepositoryNote[];
      }
    | {
        readonly type: 'context.perceived';
        readonly files: number;
        readonly summary: readonly string[];
        readonly checks: readonly BaselineCheck[];
        readonly checksFrom: string;
      }
    | {
        readonly type: 'iteration.planned';
        readonly iteration: number;
        readonly message: string;
        readonly steps: readonly PlanStep[] | null;
        readonly actions: readonly Action[];
        readonly plan: PlanRecord;
        readonly done: boolean;
      }
    | { readonly type: 'action.decided'; readonly actionId: string; readonly decision: Decision }
    | { readonly type: 'approval.opened'; readonly approval: PendingApproval }
    /** An answer that was sent; whether it counted, `accepted` says (null: a signal, judged in the workflow). */
    | {
        readonly type: 'approval.answered';
        readonly answer: Answer;
        readonly accepted: boolean | null;
        /** Why it was not taken. */
        readonly refused?: string;
      }
    | {
        readonly type: 'actions.observed';
        readonly observations: readonly Observation[];
        readonly checkpoint: Checkpoint;
        readonly sandboxLost: boolean;
      }
    | { readonly type: 'iteration.evaluated'; readonly evaluation: Evaluation }
    | { readonly type: 'iteration.recorded'; readonly digest: Digest }
    | {
        readonly type: 'delivery.verified';
        readonly checks: VerifyOutput['checks'];
        readonly passed: boolean;
      }
    | ({ readonly type: 'task.steered'; readonly text: string } & Said)
    | ({ readonly type: 'task.paused' } & Said)
    | ({ readonly type: 'task.resumed' } & Said)
    | ({ readonly type: 'task.rollback_requested'; readonly toIteration: number } & Said)
    | ({ readonly type: 'task.changed' } & Pick<Change, 'budget' | 'model' | 'constraints'> & Said)
    /** A message with an answer that was not taken, other than an answer to an approval. */
    | ({ readonly type: 'message.refused'; readonly what: string; readonly reason: string } & Said)
    | { readonly type: 'task.rolled_back'; readonly toIteration: number; readonly commit: CommitId }
    | ({ readonly type: 'task.cancel_requested'; readonly mode: 'soft' | 'now' } & Said)
    | ({ readonly type: 'task.finished' } & Omit<TaskOutcome, 'taskId'>)
    | {
        readonly type: 'live.running';
        readonly what: string;
        readonly sinceMs: number;
        readonly tail: string;
      }
    | {
        readonly type: 'live.retrying';
        readonly what: string;
        readonly attempt: number;
        readonly error: string;
        readonly nextAttemptAtMs: number | null;
      }
  );
export type TaskEventType = TaskEvent['type'];
