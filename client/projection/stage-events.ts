import type { temporal } from '@temporalio/proto';
import type {
  AuthorizeOutput,
  EvaluateOutput,
  ExecuteOutput,
  FetchOutput,
  PerceiveOutput,
  PlanOutput,
  RollBackOutput,
  VerifyOutput,
} from '../../contracts/activities.ts';
import type { PendingApproval } from '../../contracts/approval.ts';
import type { Digest } from '../../contracts/ids.ts';
import type { EventBody } from './event-body.ts';
import { firstValue } from './payloads.ts';

type Completed = temporal.api.history.v1.IActivityTaskCompletedEventAttributes;

// The casts: a result was written by this product's own activities, whose types these are; other versions' histories replay in CI.
const stages: { readonly [activity: string]: (result: never) => readonly EventBody[] } = {
  fetchRepository: ({ workspace, baseBranch, notes }: FetchOutput) => [
    { type: 'repository.fetched', baseCommit: workspace.baseCommit, baseBranch, notes },
  ],
  perceive: ({ files, summary, checks, checksFrom }: PerceiveOutput) => [
    { type: 'context.perceived', files, summary, checks, checksFrom },
  ],
  plan: (result: PlanOutput) => {
    if (result.status !== 'planned') return [];
    const { iteration, message, steps, actions, record, done, decisions } = result;
    return [
      { type: 'iteration.planned', iteration, message, steps, actions, plan: record, done },
      ...(decisions ? decidedEvents({ decisions }) : []),
    ];
  },
  execute: ({ observations, checkpoint, sandboxLost, evaluated }: ExecuteOutput) => [
    { type: 'actions.observed', observations, checkpoint, sandboxLost },
    ...(evaluated ? evaluatedEvents(evaluated) : []),
  ],
  evaluate: evaluatedEvents,
  verifyDelivery: ({ checks, passed }: VerifyOutput) => [{ type: 'delivery.verified', checks, passed }],
  rollBack: ({ iteration, workspace }: RollBackOutput) => [
    { type: 'task.rolled_back', toIteration: iteration, commit: workspace.commit },
  ],
};

function evaluatedEvents({ evaluation }: EvaluateOutput): readonly EventBody[] {
  return [{ type: 'iteration.evaluated', evaluation }];
}

function decidedEvents({ decisions }: AuthorizeOutput): readonly EventBody[] {
  return decisions.map(({ actionId, decision }) => ({ type: 'action.decided', actionId, decision }));
}

const localStages: { readonly [activity: string]: (result: never) => readonly EventBody[] } = {
  authorize: decidedEvents,
  openApproval: (approval: PendingApproval) => [{ type: 'approval.opened', approval }],
  record: ({ digest }: { readonly digest: Digest }) => [{ type: 'iteration.recorded', digest }],
};

export function activityEvents(type: string, completed: Completed): readonly EventBody[] {
  return Object.hasOwn(stages, type) ? (stages[type]?.(firstValue(completed.result) as never) ?? []) : [];
}

export function localActivityEvents(type: string, result: unknown): readonly EventBody[] {
  return Object.hasOwn(localStages, type) ? (localStages[type]?.(result as never) ?? []) : [];
}
