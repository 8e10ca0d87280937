import type { Stage } from '../../helpers/fake-activities.ts';

/** What a stage that was let go on gives; each stage reads its part. */
export interface Go {
  /** `passes`: tried again by itself; `asks`: put to a person. */
  readonly fault: 'none' | 'passes' | 'asks';
  /** What the model wants done: nothing when it is done. */
  readonly actions: readonly ('allowed' | 'asked' | 'denied' | 'question')[];
  readonly compacts: boolean;
  /** The next model call would cost more than any budget has left. */
  readonly dear: boolean;
  readonly sandboxLost: boolean;
  /** The actions are judged where they run. */
  readonly judgedAtOnce: boolean;
  readonly next: 'continue' | 'deliver' | 'replan' | 'rollback' | 'ask' | 'stop';
  readonly progress: number;
  readonly verified: boolean;
}

export type Outcome = 'granted' | 'rejected' | 'edited' | 'withdrawn';
export type Ending = 'delivered' | 'stopped' | 'cancelled' | 'failed';
export interface Question {
  readonly id: string;
  readonly subject: 'action' | 'question' | 'delivery' | 'budget' | 'fault';
}
export interface Answered {
  readonly id: string;
  readonly outcome: Outcome;
  readonly by: string;
}
export interface ModelRecord {
  readonly iteration: number;
  readonly steers: readonly string[];
  readonly approvals: readonly Answered[];
  /** What people told the task, `kind by`, with `!` when it was refused. */
  readonly said: readonly string[];
  /** `id status`. */
  readonly actions: readonly string[];
  /** The iterations at whose ends the workspace was what it is before and after this one; 0 is the base. */
  readonly before: number;
  readonly after: number;
  readonly next: Go['next'];
}
export type Wait = { readonly for: Stage } | { readonly for: 'people' } | { readonly for: 'resume' };
export type Life<T> = Generator<Wait, T, Go | undefined>;

/** A task as people may expect it to be. No server, no runs of the workflow, no scopes: what waits, what was said, where the workspace is. */
export interface Model {
  status: 'preparing' | 'running' | 'waiting' | 'paused' | Ending;
  planning: boolean;
  paused: boolean;
  rollbackTo: number | null;
  ending: 'soft' | 'now' | null;
  iteration: number;
  usage: { iterations: number; modelCalls: number; costUsd: number };
  budget: { maxUsd: number | null; maxIterations: number };
  step: { maxUsd: number | null; maxIterations: number };
  model: string;
  wanted: string;
  constraints: number;
  constraintChanges: number;
  steers: string[];
  /** What the plan that runs now was given of `steers`, after those that it has compacted away. */
  offered: readonly string[];
  /** The model that answers it. */
  asked: string;
  notices: number;
  open: Question[];
  /** Since the last record. */
  approvals: Answered[];
  settled: Answered[];
  said: string[];
  records: ModelRecord[];
  /** Stages in the order they began, tries of one counted once. */
  calls: string[];
  workspace: number;
  ends: number[];
  best: { readonly iteration: number; readonly progress: number } | null;
}

/** A task's end from anywhere; also what a cancellation throws into its life. */
export class Ended extends Error {
  readonly status: Ending;
  constructor(status: Ending) {
    super(status);
    this.status = status;
  }
}

export const compactionUsd = 0.02;
export const planUsd = 0.01;

export function newModel(budget: Model['budget'], model: string): Model {
  return {
    ...{ status: 'preparing', planning: false, paused: false, rollbackTo: null, ending: null, iteration: 0 },
    usage: { iterations: 0, modelCalls: 0, costUsd: 0 },
    ...{ budget, step: budget, model, wanted: model, asked: model, constraints: 0, constraintChanges: 0 },
    ...{ steers: [], offered: [], notices: 0, open: [], approvals: [], settled: [], said: [] },
    ...{ records: [], calls: [], workspace: 0, ends: [0], best: null },
  };
}

export function endIfAsked({ ending }: Model): void {
  if (ending !== null) throw new Ended('cancelled');
}

export function hasUnread({ steers, constraintChanges, rollbackTo, paused, ending }: Model): boolean {
  return steers.length > 0 || constraintChanges > 0 || rollbackTo !== null || paused || ending !== null;
}
