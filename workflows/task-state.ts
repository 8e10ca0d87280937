import type { Intervention } from '../contracts/intervention.ts';
import type { ConstraintChange, TaskState } from '../contracts/task-state.ts';
import { sizeOf } from './initial-state.ts';
import type { StateChange } from './state-change.ts';

/** Of what a task keeps of people's messages between two records, and of answers for those who come late: the state is carried whole. */
const maxInterventions = { count: 400, characters: 100_000 };
const maxSettled = 20;
const maxSettledReason = 200;

type Changes = {
  readonly [T in StateChange['type']]: (
    state: TaskState,
    change: Extract<StateChange, { type: T }>,
  ) => TaskState;
};

const changes: Changes = {
  fetched: (s, { fetched }) => ({
    ...s,
    specDigest: fetched.specDigest,
    workspace: fetched.workspace,
    baseBranch: fetched.baseBranch,
    ...(fetched.leaseMode === undefined ? {} : { leaseMode: fetched.leaseMode }),
  }),
  perceived: (s, { contextDigest, workspace, sandbox, checks, files }) => ({
    ...s,
    contextDigest,
    workspace,
    sandbox,
    checks,
    files,
    evaluatedTree: workspace.tree,
    status: 'running',
  }),
  iteration_started: (s) => ({
    ...s,
    iteration: s.iteration + 1,
    iterationsThisRun: s.iterationsThisRun + 1,
    planning: true,
  }),
  planned: (s, { transcript, steps, usage, model, steersRead, noticesRead }) => ({
    ...s,
    transcript,
    steps: steps ?? s.steps,
    usage,
    model,
    planning: false,
    steers: s.steers.slice(steersRead),
    notices: s.notices.slice(noticesRead),
  }),
  paid: (s, { usage }) => ({ ...s, usage }),
  executed: (s, { workspace, sandbox, sandboxLost }) =>
    addNotice(
      { ...s, workspace, sandbox },
      sandboxLost
        ? 'The sandbox was lost. The workspace is what it was at the last checkpoint; actions observed as lost or cancelled left nothing behind.'
        : null,
    ),
  evaluated: (s, { evaluation, workspace, stuckFor, actions }) => ({
    ...s,
    evaluation,
    workspace,
    evaluatedTree: workspace.tree,
    stuckFor,
    lastActions: actions,
    best:
      s.best === null || evaluation.progress > s.best.progress
        ? { iteration: s.iteration, progress: evaluation.progress }
        : s.best,
  }),
  verification_failed: (s, { notice }) =>
    addNotice({ ...s, evaluatedTree: null, stuckFor: s.stuckFor + 1 }, notice),
  recorded: (s, { digest, interventions, leftOut }) => ({
    ...s,
    head: digest,
    approvals: [],
    interventions: s.interventions.slice(interventions),
    interventionsLeftOut: Math.max(0, s.interventionsLeftOut - leftOut),
    usage: { ...s.usage, iterations: s.usage.iterations + 1 },
  }),
  approval_opened: (s, { approval }) => ({ ...s, status: 'waiting', pending: [...s.pending, approval] }),
  answered: (s, { record, standingRule }) => {
    const pending = s.pending.filter((p) => p.approvalId !== record.approvalId);
    return {
      ...s,
      pending,
      status: pending.length > 0 ? 'waiting' : 'running',
      approvals: [...s.approvals, record],
      settled: [...s.settled, { ...record, reason: record.reason.slice(0, maxSettledReason) }].slice(
        -maxSettled,
      ),
      standing: standingRule === null ? s.standing : [...s.standing, standingRule],
    };
  },
  answer_refused: (s, { approvalId, reason, atMs }) => ({
    ...s,
    refusals: [...s.refusals, { approvalId, reason, atMs }].slice(-5),
  }),
  waited_for_people: (s, { ms }) => ({
    ...s,
    usage: { ...s.usage, waitedForPeopleMs: s.usage.waitedForPeopleMs + ms },
  }),
  sandboxes_released: (s) =>
    s.workspace === null
      ? s
      : { ...s, workspace: { ...s.workspace, leaseNumber: s.workspace.leaseNumber + 1 } },
  steered: (s, { steer }) => ({ ...s, steers: [...s.steers, steer] }),
  paused: (s) => ({ ...s, paused: true }),
  held: (s) => ({ ...s, status: 'paused' }),
  resumed: (s) => ({ ...s, paused: false, status: s.status === 'paused' ? 'running' : s.status }),
  rollback_requested: (s, { toIteration }) => ({ ...s, rollbackTo: toIteration }),
  // Going back by itself is no progress: a task that stays stuck has to come to the point where people are asked.
  rolled_back: (s, { workspace, notice, byPerson }) => {
    const stuckFor = byPerson ? 0 : s.stuckFor;
    // What a person asked for while the platform went back by itself still has to be done.
    const rollbackTo = byPerson ? null : s.rollbackTo;
    return addNotice({ ...s, workspace, rollbackTo, evaluatedTree: null, stuckFor }, notice);
  },
  noticed: (s, { notice }) => addNotice(s, notice),
  budget_raised: (s, { budget }) => ({ ...s, budget }),
  intervened: (s, { intervention }) =>
    fitsIn(s.interventions, intervention)
      ? { ...s, interventions: [...s.interventions, intervention] }
      : { ...s, interventionsLeftOut: s.interventionsLeftOut + 1 },
  changed: (s, { budget, model, constraints }) => ({
    ...s,
    budget,
    // A limit that was not there at first grows by itself when more is granted: adding nothing would ask for ever.
    budgetStep: { ...s.budgetStep, maxUsd: s.budgetStep.maxUsd ?? budget.maxUsd },
    wantedModel: model,
    ...(constraints === null ? {} : constraintsAfter(s, constraints)),
  }),
  constraints_kept: (s, { digest, notice, taken }) =>
    addNotice(
      {
        ...s,
        constraints: { ...s.constraints, digest },
        constraintChanges: s.constraintChanges.slice(taken),
      },
      notice,
    ),
  cancel_requested: (s, { ending }) => ({
    ...s,
    ending: s.ending !== null && (s.ending.mode === 'now' || ending.mode === 'soft') ? s.ending : ending,
  }),
  continued_as_new: (s) => ({ ...s, iterationsThisRun: 0 }),
  finished: (s, { outcome }) => ({ ...s, outcome, status: outcome.status, pending: [] }),
};

function fitsIn(kept: readonly Intervention[], one: Intervention): boolean {
  const sizeOfOne = ({ by, about, refused }: Intervention) =>
    by.name.length + about.length + (refused ?? '').length;
  const characters = kept.reduce((sum, intervention) => sum + sizeOfOne(intervention), sizeOfOne(one));
  return kept.length < maxInterventions.count && characters <= maxInterventions.characters;
}

function constraintsAfter(
  { constraints, constraintChanges }: TaskState,
  change: ConstraintChange,
): Pick<TaskState, 'constraints' | 'constraintChanges'> {
  const { count, characters } = sizeOf(change.add);
  const held = change.replace ? { count: 0, characters: 0 } : constraints;
  return {
    constraints: {
      digest: constraints.digest,
      count: held.count + count,
      characters: held.characters + characters,
    },
    constraintChanges: [...constraintChanges, change],
  };
}

function addNotice(state: TaskState, notice: string | null): TaskState {
  return notice === null ? state : { ...state, notices: [...state.notices, notice] };
}

/** The one way in which a task's state changes. Pure. */
export function applyChange(state: TaskState, change: StateChange): TaskState {
  const apply = changes[change.type] as (s: TaskState, c: StateChange) => TaskState;
  return apply(state, change);
}
