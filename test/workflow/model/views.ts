import type { ApprovalRecord } from '../../../contracts/approval.ts';
import type { Intervention } from '../../../contracts/intervention.ts';
import type { IterationRecord } from '../../../contracts/record.ts';
import type { TaskState } from '../../../contracts/task-state.ts';
import type { Answered, Model, ModelRecord } from './model.ts';

/** What of a task's state the model knows too. What was said while the task moved may be in this record or the next: it is left out then. */
export function viewOf(state: TaskState, raced: boolean) {
  const { status, iteration, paused, rollbackTo, ending, planning, budget, model, best } = state;
  const { iterations, modelCalls, costUsd } = state.usage;
  return {
    ...{ status, iteration, paused, rollbackTo, planning, budget, model, best },
    ending: ending?.mode ?? null,
    usage: { iterations, modelCalls, costUsd: cents(costUsd ?? -1) },
    wanted: state.wantedModel,
    constraints: state.constraints.count,
    constraintChanges: state.constraintChanges.length,
    steers: state.steers.map(({ text }) => text),
    notices: state.notices.length,
    open: state.pending.map(({ approvalId, subject }) => ({ id: approvalId, subject })),
    approvals: state.approvals.map(answered),
    settled: state.settled.map(answered),
    said: raced ? null : state.interventions.map(saidBy),
  };
}

export function expectedView(m: Model, raced: boolean): ReturnType<typeof viewOf> {
  const { status, iteration, paused, rollbackTo, planning, budget, model, best, ending } = m;
  const { wanted, constraints, constraintChanges, steers, notices, approvals, settled } = m;
  return {
    ...{ status, iteration, paused, rollbackTo, planning, budget, model, best, ending },
    ...{ wanted, constraints, constraintChanges, steers, notices, approvals, settled },
    usage: { ...m.usage, costUsd: cents(m.usage.costUsd) },
    open: m.open as never,
    said: raced ? null : m.said,
  };
}

/** The ledger as the model has it; `ends` gives a tree's number. */
export function recordView(record: IterationRecord, treeNumber: (tree: string) => number): ModelRecord {
  const { iteration, steers, actions, checkpoint, evaluate } = record;
  return {
    iteration,
    steers: steers.map(({ text }) => text),
    approvals: record.approvals.map(answered),
    said: (record.interventions ?? []).map(saidBy),
    actions: actions.map(({ id, observation }) => `${id} ${observation.status}`),
    before: treeNumber(checkpoint.before),
    after: treeNumber(checkpoint.after),
    next: evaluate.next,
  };
}

export function saidBy({ kind, by, refused }: Intervention): string {
  return `${kind} ${by.name}${refused === null ? '' : '!'}`;
}

function answered({ approvalId, outcome, by }: ApprovalRecord): Answered {
  return { id: approvalId, outcome: outcome as Answered['outcome'], by: by.name };
}

const cents = (usd: number) => Math.round(usd * 100);
