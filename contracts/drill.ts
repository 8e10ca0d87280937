import type { TaskId, TreeId } from './ids.ts';

/** What a drill does to the machinery of a copy. */
export const faultKinds = [
  'worker_killed',
  'worker_frozen',
  'server_killed',
  'server_stopped',
  'keeper_killed',
  'stream_dropped',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** A place in a task's story at which a fault can strike; taken from the calm run. */
export type Moment =
  /** The model has the request of an iteration and has not answered. */
  | { readonly at: 'model'; readonly iteration: number }
  /** A command, a patch or a check has begun in the sandbox. */
  | { readonly at: 'step'; readonly stepId: string }
  /** A person is asked and has not answered. */
  | { readonly at: 'approval'; readonly approvalId: string }
  /** The delivery may be published from now on. */
  | { readonly at: 'delivery' };

export interface PlannedFault {
  readonly kind: FaultKind;
  readonly moment: Moment;
}

/** A fault that struck, and what came of it. */
export interface DrillFault extends PlannedFault {
  /** What was hit, for people: `process 4711`. */
  readonly target: string;
  /** From the fault to the next sign of the task's own going on; null when there was none before the run ended. */
  readonly recoveredMs: number | null;
  /** Whether a frozen process had to be let go first: the task did not go on without it. */
  readonly letGo: boolean;
}

/** The task run once in its copy. */
export interface DrillRun {
  /** 0 is the first calm run. */
  readonly number: number;
  readonly faults: readonly DrillFault[];
  /** Planned for a moment that did not come, or at which there was nothing to hit. */
  readonly notStruck: readonly PlannedFault[];
  /** How the task ended in the copy; `unfinished` when the drill had to end it. */
  readonly status: string;
  readonly reason: string;
  /** Of the branch that was delivered to the copy's repository; null without one. */
  readonly tree: TreeId | null;
  readonly iterations: number;
  readonly durationMs: number;
  /** Commands and patches of the model that began, counted outside of Longhaul's records. */
  readonly commands: number;
  /** Ids of those, and of checks between iterations, that began more than once. */
  readonly twice: readonly string[];
  /** Ids of what Longhaul says it ran and the count did not see. */
  readonly uncounted: readonly string[];
  readonly approvals: number;
  /** Questions of the drill's person whose accepted answer is not in the record. */
  readonly approvalsLost: readonly string[];
  readonly modelCalls: number;
  /** Requests for a response that had been asked for before: a provider would bill them again. */
  readonly modelCallsAgain: number;
  /** Processes, leases and directories that the ended task still held. */
  readonly left: readonly string[];
  /** What did not hold in this run, one sentence each. */
  readonly problems: readonly string[];
}

/** What a drill found. */
export interface DrillCertificate {
  readonly taskId: TaskId;
  readonly seed: number;
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** The tree that the person's own task delivered. */
  readonly originalTree: TreeId;
  readonly calm: readonly DrillRun[];
  readonly runs: readonly DrillRun[];
  readonly totals: {
    readonly faults: number;
    readonly recovered: number;
    readonly slowestRecoveryMs: number | null;
    readonly commands: number;
    readonly commandsTwice: number;
    readonly approvals: number;
    readonly approvalsLost: number;
    readonly modelCalls: number;
    readonly modelCallsAgain: number;
    readonly left: number;
  };
  /**
   * Of the runs under faults, against the calm run: `same`; `differs`; `undecided` where two calm runs differ already, so that the commands
   * of the task give another tree each time.
   */
  readonly trees: 'same' | 'differs' | 'undecided';
  /** Whether the calm run gave the tree of the person's own task. */
  readonly sameAsOriginal: boolean;
  /** Everything that was to hold did. */
  readonly held: boolean;
  /** What did not hold, one sentence each. */
  readonly problems: readonly string[];
  /** How it was counted and played, and what was not tried. */
  readonly notes: readonly string[];
  /** Where the copies are, when they were to be kept. */
  readonly kept: string | null;
}

export interface DrillOptions {
  /** How many faults in all. */
  readonly faults: number;
  /** The same seed gives the same faults at the same moments; a whole number from 0 to 2^32-1. */
  readonly seed: number;
  /** Leaves the copies' files where they are; their processes end all the same. */
  readonly keep: boolean;
  /** Ends the drill and clears everything away. */
  readonly signal: AbortSignal;
}

/** What a drill does while it does it. */
export type DrillEvent =
  | { readonly type: 'drill.doing'; readonly text: string }
  | { readonly type: 'drill.run_started'; readonly run: number; readonly faults: readonly PlannedFault[] }
  | {
      readonly type: 'drill.fault';
      readonly run: number;
      readonly fault: PlannedFault;
      readonly target: string;
    }
  | {
      readonly type: 'drill.recovered';
      readonly run: number;
      readonly fault: PlannedFault;
      readonly recoveredMs: number;
    }
  | { readonly type: 'drill.run_ended'; readonly result: DrillRun };
