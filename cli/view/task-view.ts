import type { Action, PlanStep } from '../../contracts/action.ts';
import type { BaselineCheck } from '../../contracts/activities.ts';
import type { Answer, PendingApproval } from '../../contracts/approval.ts';
import type { Usage } from '../../contracts/budget.ts';
import type { CheckResult } from '../../contracts/evaluation.ts';
import type { Digest } from '../../contracts/ids.ts';
import type { PlanRecord } from '../../contracts/record.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';
import type { TaskOutcome } from '../../contracts/task-state.ts';
import { isWithdrawn, type Overtaking } from '../../contracts/words/withdrawn.ts';

/** What a person who has followed a task so far knows. Made from its events alone; plain JSON. */
export interface TaskView {
  readonly taskId: string;
  readonly startedAtMs: number;
  readonly iteration: number;
  /** Of the ledger: the newest record. */
  readonly head: Digest | null;
  readonly steps: readonly PlanStep[];
  /** The actions of the newest iteration. */
  readonly actions: readonly Action[];
  /** Ids of those that policy or a person has refused, as has been told already. */
  readonly refused: readonly string[];
  readonly checks: readonly BaselineCheck[];
  readonly results: readonly CheckResult[];
  readonly pending: readonly PendingApproval[];
  readonly usage: Omit<Usage, 'iterations' | 'waitedForPeopleMs'>;
  readonly paused: boolean;
  readonly running: { readonly what: string; readonly sinceMs: number; readonly tail: string } | null;
  readonly retrying: {
    readonly what: string;
    readonly attempt: number;
    readonly error: string;
    readonly nextAttemptAtMs: number | null;
  } | null;
  readonly outcome: Omit<TaskOutcome, 'taskId'> | null;
}

export const emptyView: TaskView = {
  taskId: '',
  startedAtMs: 0,
  iteration: 0,
  head: null,
  steps: [],
  actions: [],
  refused: [],
  checks: [],
  results: [],
  pending: [],
  usage: { modelCalls: 0, inputTokens: 0, cachedTokens: 0, outputTokens: 0, costUsd: 0 },
  paused: false,
  running: null,
  retrying: null,
  outcome: null,
};

/** The view after one more event. Pure. */
export function applyEvent(view: TaskView, event: TaskEvent): TaskView {
  if (event.type === 'live.running') {
    return {
      ...view,
      running: { what: event.what, sinceMs: event.sinceMs, tail: event.tail },
      retrying: null,
    };
  }
  if (event.type === 'live.retrying') {
    const { what, attempt, error, nextAttemptAtMs } = event;
    return { ...view, running: null, retrying: { what, attempt, error, nextAttemptAtMs } };
  }
  return { ...view, running: null, retrying: null, ...change(view, event) };
}

/** The result of a check before the task: what tells an old failure from a new one. */
export function baselineOf(view: TaskView, name: string): CheckResult | undefined {
  return view.checks.find((check) => check.name === name)?.baseline;
}

type LastingEvent = Exclude<TaskEvent, { readonly type: `live.${string}` }>;

function change(view: TaskView, event: LastingEvent): Partial<TaskView> {
  switch (event.type) {
    case 'task.started':
      return { taskId: event.taskId, startedAtMs: event.atMs };
    case 'context.perceived':
      return { checks: event.checks };
    case 'iteration.planned':
      return {
        // Whatever was asked before has been settled once the task moves, also by a time-out or by a signal.
        pending: [],
        iteration: event.iteration,
        actions: event.actions,
        refused: [],
        steps: event.steps ?? view.steps,
        usage: addedUsage(view.usage, event.plan),
      };
    case 'approval.opened':
      return { pending: [...view.pending, event.approval] };
    case 'approval.answered':
      return event.accepted === true ? answered(view, event.answer) : {};
    case 'action.decided':
      return event.decision.outcome === 'deny' ? { refused: [...view.refused, event.actionId] } : {};
    case 'actions.observed':
      return { pending: [] };
    case 'iteration.evaluated':
      return { pending: [], results: mergedResults(view.results, event.evaluation.checks) };
    case 'iteration.recorded':
      return { pending: [], head: event.digest };
    case 'delivery.verified':
      return { pending: [], results: mergedResults(view.results, event.checks) };
    case 'task.paused':
      return { paused: true };
    case 'task.resumed':
      return { paused: false };
    case 'task.rollback_requested':
      return { pending: stillAsked(view, { type: 'rollback' }) };
    case 'task.changed':
      return { pending: stillAsked(view, overtakingOf(event)) };
    case 'task.finished':
      return { outcome: event, pending: [] };
    case 'repository.fetched':
    case 'task.steered':
    case 'task.rolled_back':
    case 'task.cancel_requested':
    case 'message.refused':
      return {};
    default:
      throw new Error(`unknown event ${JSON.stringify(event satisfies never)}`);
  }
}

function stillAsked({ pending }: TaskView, by: Overtaking): TaskView['pending'] {
  return pending.filter((approval) => !isWithdrawn(approval, by));
}

function overtakingOf({
  budget,
  model,
  constraints,
}: Extract<TaskEvent, { readonly type: 'task.changed' }>): Overtaking {
  return {
    type: 'change',
    budget: budget !== null,
    model: model !== null,
    constraints: constraints !== null,
  };
}

function answered(view: TaskView, { approvalId, outcome }: Answer): Partial<TaskView> {
  const pending = view.pending.filter((approval) => approval.approvalId !== approvalId);
  const actionId = view.pending.find((approval) => approval.approvalId === approvalId)?.actionId ?? null;
  if (outcome !== 'rejected' || actionId === null) return { pending };
  return { pending, refused: [...view.refused, actionId] };
}

function addedUsage(usage: TaskView['usage'], plan: PlanRecord): TaskView['usage'] {
  return {
    modelCalls: usage.modelCalls + plan.attempts,
    inputTokens: usage.inputTokens + plan.usage.inputTokens,
    cachedTokens: usage.cachedTokens + plan.usage.cachedTokens,
    outputTokens: usage.outputTokens + plan.usage.outputTokens,
    costUsd: usage.costUsd === null || plan.costUsd === null ? null : usage.costUsd + plan.costUsd,
  };
}

/** A check that was not run at this depth keeps what is known of it. */
function mergedResults(before: readonly CheckResult[], now: readonly CheckResult[]): readonly CheckResult[] {
  return now.map((result) =>
    result.status === 'skipped' ? (before.find((old) => old.name === result.name) ?? result) : result,
  );
}
