import type { PlanStep } from '../contracts/action.ts';
import type {
  BaselineCheck,
  FetchOutput,
  SandboxFacts,
  Steer,
  TranscriptRef,
  WorkspaceRef,
} from '../contracts/activities.ts';
import type { ApprovalRecord, PendingApproval } from '../contracts/approval.ts';
import type { Budget, Usage } from '../contracts/budget.ts';
import type { StandingRule } from '../contracts/decision.ts';
import type { Evaluation } from '../contracts/evaluation.ts';
import type { Digest } from '../contracts/ids.ts';
import type { Intervention } from '../contracts/intervention.ts';
import type { ConstraintChange, Ending, TaskOutcome } from '../contracts/task-state.ts';

/** Everything that can change a task's state. */
export type StateChange =
  | { readonly type: 'fetched'; readonly fetched: FetchOutput }
  | {
      readonly type: 'perceived';
      readonly contextDigest: Digest;
      readonly workspace: WorkspaceRef;
      readonly sandbox: SandboxFacts;
      readonly checks: readonly BaselineCheck[];
      readonly files: number;
    }
  | { readonly type: 'iteration_started' }
  | {
      readonly type: 'planned';
      readonly transcript: TranscriptRef;
      readonly steps: readonly PlanStep[] | null;
      readonly usage: Usage;
      readonly model: string;
      readonly steersRead: number;
      readonly noticesRead: number;
    }
  /** For the model, and without an answer to go on with yet. */
  | { readonly type: 'paid'; readonly usage: Usage }
  | {
      readonly type: 'executed';
      readonly workspace: WorkspaceRef;
      readonly sandbox: SandboxFacts;
      readonly sandboxLost: boolean;
    }
  | {
      readonly type: 'evaluated';
      readonly evaluation: Evaluation;
      readonly workspace: WorkspaceRef;
      readonly stuckFor: number;
      readonly actions: string;
    }
  | { readonly type: 'verification_failed'; readonly notice: string }
  | {
      readonly type: 'recorded';
      readonly digest: Digest;
      /** How many of the interventions, from the oldest on, and of those left out, the record holds: more may have come while it was stored. */
      readonly interventions: number;
      readonly leftOut: number;
    }
  | { readonly type: 'approval_opened'; readonly approval: PendingApproval }
  | { readonly type: 'answered'; readonly record: ApprovalRecord; readonly standingRule: StandingRule | null }
  | {
      readonly type: 'answer_refused';
      readonly approvalId: string;
      readonly reason: string;
      readonly atMs: number;
    }
  | { readonly type: 'waited_for_people'; readonly ms: number }
  | { readonly type: 'sandboxes_released' }
  | { readonly type: 'steered'; readonly steer: Steer }
  | { readonly type: 'paused' }
  /** A pause took hold: nothing runs until it is over. */
  | { readonly type: 'held' }
  | { readonly type: 'resumed' }
  | { readonly type: 'rollback_requested'; readonly toIteration: number }
  | {
      readonly type: 'rolled_back';
      readonly workspace: WorkspaceRef;
      readonly notice: string;
      readonly byPerson: boolean;
    }
  | { readonly type: 'noticed'; readonly notice: string }
  | { readonly type: 'budget_raised'; readonly budget: Budget }
  /** A person told the task something; what it changes, if it was taken, is a change of its own. */
  | { readonly type: 'intervened'; readonly intervention: Intervention }
  | {
      readonly type: 'changed';
      readonly budget: Budget;
      readonly model: string;
      readonly constraints: ConstraintChange | null;
    }
  | {
      readonly type: 'constraints_kept';
      readonly digest: Digest;
      readonly notice: string;
      /** How many of the changes it holds, from the oldest on. */
      readonly taken: number;
    }
  | { readonly type: 'cancel_requested'; readonly ending: Ending }
  | { readonly type: 'continued_as_new' }
  | { readonly type: 'finished'; readonly outcome: TaskOutcome };
