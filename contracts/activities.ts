import type { Action, PlanStep } from './action.ts';
import type { ApprovalRecord, PendingApproval } from './approval.ts';
import type { Budget, Usage } from './budget.ts';
import type { Decision, StandingRule } from './decision.ts';
import type { CheckResult, Evaluation } from './evaluation.ts';
import type { RepositoryNote } from './forge.ts';
import type { ApprovalId, CommitId, Digest, LeaseId, TaskId, TreeId } from './ids.ts';
import type { TokenUsage } from './model-client.ts';
import type { Notification } from './notifier.ts';
import type { Observation } from './observation.ts';
import type { Checkpoint, IterationRecord, PlanRecord } from './record.ts';
import type { TaskSpec } from './task.ts';
import type { ConstraintChange } from './task-state.ts';
import type { ApprovalSubject, CheckDepth, Effort } from './words/sets.ts';

/** The workspace's state between iterations. */
export interface WorkspaceRef {
  readonly baseCommit: CommitId;
  readonly commit: CommitId;
  readonly tree: TreeId;
  /** The newest checkpoint's manifest; null while the workspace is the base. */
  readonly manifestDigest: Digest | null;
  /** The sandbox in use: `<task id>.<number>`. */
  readonly leaseNumber: number;
}

export interface SandboxFacts {
  readonly backend: 'local' | 'kubernetes';
  readonly imageDigest: Digest;
  readonly specDigest: Digest;
  readonly setupDigest: Digest | null;
  readonly leaseId: LeaseId;
}

/** The transcript outside history: a chain of artifacts. */
export interface TranscriptRef {
  readonly digest: Digest;
  readonly items: number;
  readonly tokens: number;
  /** Whose items it holds, as `ModelDialect.id` names it: another one has it rewritten before it is sent. */
  readonly dialect: string;
}

export interface Steer {
  readonly text: string;
  readonly by: string;
}

/** How long a task keeps a sandbox: over its iterations, or for one iteration each. */
export type LeaseMode = 'task' | 'iteration';

export interface FetchOutput {
  readonly specDigest: Digest;
  readonly workspace: WorkspaceRef;
  readonly baseBranch: string | null;
  readonly notes: readonly RepositoryNote[];
  /** How the worker that began the task was set: it holds for all of the task. Absent in histories of before there was a choice. */
  readonly leaseMode?: LeaseMode;
}

export interface BaselineCheck {
  readonly name: string;
  readonly command: string;
  /** Must pass before "done": given by a person, or passing at the base. */
  readonly required: boolean;
  readonly baseline: CheckResult;
}

export interface PerceiveInput {
  readonly taskId: TaskId;
  readonly specDigest: Digest;
  readonly workspace: WorkspaceRef;
  readonly timestampMs: number;
}

export interface PerceiveOutput {
  readonly contextDigest: Digest;
  readonly workspace: WorkspaceRef;
  readonly sandbox: SandboxFacts;
  readonly checks: readonly BaselineCheck[];
  /** Where the checks come from: the person, or a file of the repository. */
  readonly checksFrom: string;
  /** At most ten short lines for people: languages, tools, conventions, what was dropped. */
  readonly summary: readonly string[];
  readonly files: number;
}

export interface Pace {
  readonly maxActions: number;
  readonly effort: Effort;
  readonly checkDepth: CheckDepth;
}

/** What was paid while one iteration was planned, the answers included that could not be used. */
export interface Paid {
  readonly usage: TokenUsage;
  /** Null as soon as one price is unknown. */
  readonly costUsd: number | null;
}

/** What became of the transcript while this iteration was planned: a compaction, or a rewriting for another model. */
export interface CompactionFacts {
  /** How many items at the start are as they were. */
  readonly keptPrefixItems: number;
  /** The transcript as it was before, whole. */
  readonly droppedDigest: Digest;
}

export interface PlanInput {
  readonly taskId: TaskId;
  readonly iteration: number;
  readonly specDigest: Digest;
  /** The model to call; the specification's unless a person has changed it. */
  readonly model: string;
  /** The constraints that hold, an artifact; null: the specification's. */
  readonly constraintsDigest: Digest | null;
  readonly contextDigest: Digest;
  readonly transcript: TranscriptRef | null;
  /** Set when `transcript` was compacted for this iteration already: it then holds what this iteration adds, but for `steers` and `notices`. */
  readonly compaction: CompactionFacts | null;
  /** By this iteration's plans before this one; `usage` counts it already. */
  readonly paid: Paid;
  /** The record of the iteration before: its observations and evaluation are what the model reads next. */
  readonly previousRecord: Digest | null;
  readonly steers: readonly Steer[];
  /** Told by the platform: a rollback, a lost sandbox, a refused delivery. */
  readonly notices: readonly string[];
  readonly pace: Pace;
  /** The plan as it stands. */
  readonly steps: readonly PlanStep[];
  readonly budget: Budget;
  readonly usage: Usage;
  /** By these the actions are decided as well; null where they are too many to be told: `authorize` decides then. */
  readonly standing: readonly StandingRule[] | null;
}

export type PlanOutput =
  | {
      readonly status: 'planned';
      readonly iteration: number;
      readonly record: PlanRecord;
      readonly transcript: TranscriptRef;
      readonly actions: readonly Action[];
      /** The newest plan, when the model changed it. */
      readonly steps: readonly PlanStep[] | null;
      /** The model's words, cut at 500 characters, for people. */
      readonly message: string;
      /** No action: the model says that it is done. What that is worth, the checks decide. */
      readonly done: boolean;
      /** What `authorize` says of the actions, one for each; null where it could not say: it is asked then. Absent in older histories. */
      readonly decisions?: AuthorizeOutput['decisions'] | null;
    }
  /** The transcript was too long and is shorter now, with `steers` and `notices` in it; what that cost counts, whatever becomes of the next plan. */
  | {
      readonly status: 'compacted';
      readonly transcript: TranscriptRef;
      readonly compaction: CompactionFacts;
      /** All of this iteration so far. */
      readonly paid: Paid;
    }
  /** No call was made: the next one might cost more than what is left. */
  | { readonly status: 'over_budget'; readonly estimatedUsd: number };

export interface AuthorizeInput {
  readonly taskId: TaskId;
  readonly specDigest: Digest;
  readonly actions: readonly Action[];
  readonly standing: readonly StandingRule[];
}

export interface AuthorizeOutput {
  /** One for each action, in order. */
  readonly decisions: readonly { readonly actionId: string; readonly decision: Decision }[];
}

export interface OpenApprovalInput {
  readonly taskId: TaskId;
  readonly iteration: number;
  readonly approvalId: ApprovalId;
  readonly specDigest: Digest;
  readonly subject: ApprovalSubject;
  readonly title: string;
  readonly details: readonly string[];
  readonly action: Action | null;
  readonly decision: Decision | null;
  readonly treeBefore: TreeId | null;
  readonly nowMs: number;
}

export interface KeepConstraintsInput {
  readonly specDigest: Digest;
  /** What holds so far; null: the specification's. */
  readonly heldDigest: Digest | null;
  readonly changes: readonly ConstraintChange[];
}

/** What the evaluation goes by comes along: where no check has to run it is made in the same activity. */
export interface ExecuteInput extends EvaluateInput {
  /** Allowed by policy or granted by a person, in order. */
  readonly actions: readonly Action[];
  readonly timestampMs: number;
}

export interface ExecuteOutput {
  readonly observations: readonly Observation[];
  readonly checkpoint: Checkpoint;
  readonly workspace: WorkspaceRef;
  readonly sandbox: SandboxFacts;
  /** True when the sandbox had gone and the workspace is the checkpoint before. */
  readonly sandboxLost: boolean;
  /** The evaluation, where no check had to run for it; null: it is still to be made. */
  readonly evaluated: EvaluateOutput | null;
}

export interface EvaluateInput {
  readonly taskId: TaskId;
  readonly iteration: number;
  readonly specDigest: Digest;
  readonly contextDigest: Digest;
  readonly workspace: WorkspaceRef;
  readonly checks: readonly BaselineCheck[];
  readonly depth: CheckDepth;
  readonly modelSaysDone: boolean;
  /** The same actions as in the iteration before: a loop. */
  readonly repeatedActions: boolean;
  /** The evaluation of the iteration before, and the tree it judged. */
  readonly last: {
    readonly tree: TreeId;
    readonly checks: readonly CheckResult[];
    readonly failureSignature: string;
    readonly progress: number;
  } | null;
  /** Iterations in a row without progress, up to the one before. */
  readonly stuckFor: number;
  readonly best: { readonly iteration: number; readonly progress: number } | null;
}

export interface EvaluateOutput {
  readonly evaluation: Evaluation;
  /** Iterations in a row without progress, this one included. */
  readonly stuckFor: number;
  readonly workspace: WorkspaceRef;
}

export interface VerifyInput {
  readonly taskId: TaskId;
  readonly iteration: number;
  readonly specDigest: Digest;
  readonly contextDigest: Digest;
  readonly workspace: WorkspaceRef;
  readonly checks: readonly BaselineCheck[];
}

export interface VerifyOutput {
  readonly checks: readonly CheckResult[];
  readonly passed: boolean;
}

export interface DeliverInput {
  readonly taskId: TaskId;
  readonly specDigest: Digest;
  readonly iteration: number;
  readonly workspace: WorkspaceRef;
  readonly baseBranch: string | null;
  readonly checks: readonly CheckResult[];
  readonly approval: ApprovalRecord | null;
  readonly model: string;
  readonly timestampMs: number;
}

export interface DeliverOutput {
  readonly branch: string;
  readonly commit: CommitId;
  readonly baseMovedBy: number | null;
  readonly mergesCleanly: boolean | null;
}

export interface RollBackInput {
  readonly taskId: TaskId;
  readonly contextDigest: Digest;
  readonly toIteration: number;
  readonly head: Digest;
  readonly workspace: WorkspaceRef;
}

export interface RollBackOutput {
  readonly workspace: WorkspaceRef;
  readonly iteration: number;
}

/**
 * What the workflow may ask for. Each runs at least once, and running it again gives the same effect: steps have ids, artifacts have
 * digests, a branch is published once.
 */
export interface TaskActivities {
  fetchRepository(input: { readonly spec: TaskSpec }): Promise<FetchOutput>;
  perceive(input: PerceiveInput): Promise<PerceiveOutput>;
  plan(input: PlanInput): Promise<PlanOutput>;
  execute(input: ExecuteInput): Promise<ExecuteOutput>;
  evaluate(input: EvaluateInput): Promise<EvaluateOutput>;
  verifyDelivery(input: VerifyInput): Promise<VerifyOutput>;
  deliver(input: DeliverInput): Promise<DeliverOutput>;
  rollBack(input: RollBackInput): Promise<RollBackOutput>;
  /** Ends every sandbox of the task. */
  releaseSandboxes(input: { readonly taskId: TaskId }): Promise<void>;
}

/** The cheap stages, run as local activities: one marker each in history. */
export interface LocalActivities {
  authorize(input: AuthorizeInput): Promise<AuthorizeOutput>;
  openApproval(input: OpenApprovalInput): Promise<PendingApproval>;
  /** Stores the constraints that hold after the changes. */
  keepConstraints(input: KeepConstraintsInput): Promise<{ readonly digest: Digest }>;
  /** Tells whoever listens outside. */
  notify(input: { readonly notification: Notification }): Promise<void>;
  /** Stores the record; `previous` chains it to the one before. */
  record(input: { readonly record: IterationRecord }): Promise<{ readonly digest: Digest }>;
  /** Stores the body of the delivery as an action, so that it is authorized and approved like any other. */
  proposeDelivery(input: {
    readonly taskId: TaskId;
    readonly iteration: number;
    readonly workspace: WorkspaceRef;
    readonly evaluation: Evaluation;
  }): Promise<{ readonly action: Action }>;
  /** The edited action, checked; throws `approval.refused` when the artifact is no action of the same kind. */
  loadEdited(input: {
    readonly original: Action;
    readonly editedDigest: Digest;
  }): Promise<{ readonly action: Action }>;
}
