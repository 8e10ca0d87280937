import type { PlanStep } from './action.ts';
import type {
  BaselineCheck,
  LeaseMode,
  SandboxFacts,
  Steer,
  TranscriptRef,
  WorkspaceRef,
} from './activities.ts';
import type { ApprovalRecord, PendingApproval } from './approval.ts';
import type { Budget, Usage } from './budget.ts';
import type { StandingRule } from './decision.ts';
import type { Evaluation } from './evaluation.ts';
import type { CommitId, Digest, TaskId, TreeId } from './ids.ts';
import type { Intervention } from './intervention.ts';
import type { TaskSpec } from './task.ts';
import type { TaskStatus } from './words/sets.ts';

/** How a task ended. */
export interface TaskOutcome {
  readonly taskId: TaskId;
  readonly status: 'delivered' | 'stopped' | 'cancelled' | 'failed';
  readonly branch: string | null;
  readonly commit: CommitId | null;
  readonly baseMovedBy: number | null;
  readonly mergesCleanly: boolean | null;
  readonly iterations: number;
  readonly usage: Usage;
  /** An error code or one sentence: why it is not delivered; empty when it is. */
  readonly reason: string;
  /** What people told the task after its last record, at most the newest 40: no record has these. Absent in outcomes of before there was a list. */
  readonly interventions?: readonly Intervention[];
}

/** A person's wish to end the task: `soft` once what runs is finished and recorded, `now` at once. */
export interface Ending {
  readonly mode: 'soft' | 'now';
  readonly by: string;
  readonly atMs: number;
}

/** A change of constraints that no plan has taken up yet. */
export interface ConstraintChange {
  readonly add: readonly string[];
  readonly replace: boolean;
  readonly by: string;
}

/** The oldest approval that waits, as lists show it: a value of the workflow's memo. */
export interface WaitingNote {
  readonly approvalId: string;
  readonly title: string;
  readonly openedAtMs: number;
  readonly expiresAtMs: number;
  /** How many wait besides. */
  readonly more: number;
  /** What the task had cost when it asked; null when a price is unknown. */
  readonly costUsd: number | null;
}

/** Where a task is, as the query `status` gives it and as continue-as-new carries it. JSON-safe; its size does not grow with the iterations. */
export interface TaskState {
  readonly taskId: TaskId;
  readonly status: TaskStatus;
  readonly specDigest: Digest | null;
  /** The newest iteration that began. */
  readonly iteration: number;
  readonly iterationsThisRun: number;
  readonly budget: Budget;
  /** What a granted request for more adds: the budget that was asked for at first. */
  readonly budgetStep: Budget;
  readonly usage: Usage;
  readonly workspace: WorkspaceRef | null;
  readonly baseBranch: string | null;
  readonly contextDigest: Digest | null;
  /** Files in the repository at the base. */
  readonly files: number;
  readonly sandbox: SandboxFacts | null;
  /** Absent in tasks of before there was a choice: they keep their sandbox. */
  readonly leaseMode?: LeaseMode;
  readonly checks: readonly BaselineCheck[];
  readonly transcript: TranscriptRef | null;
  readonly head: Digest | null;
  readonly steps: readonly PlanStep[];
  readonly evaluation: Evaluation | null;
  readonly evaluatedTree: TreeId | null;
  /** Digests of the newest actions, to see a loop. */
  readonly lastActions: string;
  readonly stuckFor: number;
  readonly best: { readonly iteration: number; readonly progress: number } | null;
  readonly standing: readonly StandingRule[];
  readonly pending: readonly PendingApproval[];
  /** Answers that were refused, newest last, at most five: a signal's sender learns it only here. */
  readonly refusals: readonly {
    readonly approvalId: string;
    readonly reason: string;
    readonly atMs: number;
  }[];
  readonly steers: readonly Steer[];
  readonly notices: readonly string[];
  /** Answered since the last record, to be written into the next one. */
  readonly approvals: readonly ApprovalRecord[];
  readonly paused: boolean;
  /** The last 20 answers, newest last: what tells a late one what was decided. */
  readonly settled: readonly ApprovalRecord[];
  /** Everything that people told the task since the last record, oldest first, at most 400. */
  readonly interventions: readonly Intervention[];
  readonly interventionsLeftOut: number;
  readonly ending: Ending | null;
  /** Nothing runs but the model, whose answer nothing depends on yet. */
  readonly planning: boolean;
  readonly rollbackTo: number | null;
  /** Of the newest response. */
  readonly model: string;
  /** Of the next call. */
  readonly wantedModel: string;
  /** What holds, and the artifact with it once a plan has taken a change up; `digest: null` is what the task was started with. */
  readonly constraints: {
    readonly digest: Digest | null;
    readonly count: number;
    readonly characters: number;
  };
  readonly constraintChanges: readonly ConstraintChange[];
  readonly outcome: TaskOutcome | null;
}

/** A new task, or the state that continue-as-new carries over. */
export type CodingTaskInput =
  | { readonly type: 'start'; readonly spec: TaskSpec }
  | { readonly type: 'continue'; readonly state: TaskState };
