import { expect, vi } from 'vitest';
import { canonicalBytes, digestOf } from '../../contracts/digest.ts';
import type { TaskId } from '../../contracts/ids.ts';
import { IterationRecordSchema } from '../../contracts/record.ts';
import { checkpointRef } from '../../forge/layout.ts';
import { collectEvidence, type Evidence, leftoversOf } from './e2e-evidence.ts';
import type { World } from './e2e-world.ts';

/** What is wrong, one sentence each; empty when the invariant holds. */
export type Invariant = (evidence: Evidence) => readonly string[];

type RecordedAction = Evidence['ledger'][number]['record']['actions'][number];

const actionsOf = ({ ledger }: Evidence): readonly RecordedAction[] =>
  ledger.flatMap(({ record }) => record.actions);
const approvalsOf = ({ ledger }: Evidence) => ledger.flatMap(({ record }) => record.approvals);
const repeated = (values: readonly string[]) =>
  values.filter((value, index) => values.indexOf(value) !== index);

/** 1: every action has exactly one observation, and every planned action of a whole iteration is in the record. */
export const oneObservationAnAction: Invariant = (evidence) => {
  const actions = actionsOf(evidence);
  const recorded = new Set(actions.map((action) => action.id as string));
  // An iteration that a cancellation cut short records what was settled.
  const end = evidence.events.find((event) => event.type === 'task.finished');
  const last = evidence.ledger.length - (end?.status === 'delivered' ? 0 : 1);
  const planned = evidence.events.flatMap((event) =>
    event.type === 'iteration.planned' && event.iteration <= last ? event.actions : [],
  );
  return [
    ...actions
      .filter((action) => action.observation.actionId !== action.id)
      .map((action) => `${action.id} has the observation of ${action.observation.actionId}`),
    ...repeated(actions.map((action) => action.id)).map((id) => `${id} is recorded twice`),
    ...planned
      .filter(({ id }) => !recorded.has(id))
      .map(({ id }) => `${id} was planned and has no observation`),
  ];
};

/** 1: nothing ran without a recorded `allow`, or a granted approval of that very digest, the edited one included. */
export const nothingRanUnasked: Invariant = (evidence) =>
  actionsOf(evidence)
    .filter(({ observation }) => observation.status !== 'denied' && observation.status !== 'cancelled')
    .flatMap((action) => {
      const problem = unaskedProblem(evidence, action);
      return problem === undefined ? [] : [`${action.id} ran ${problem}`];
    });

function unaskedProblem(evidence: Evidence, action: RecordedAction): string | undefined {
  const { decision, approvalId } = action;
  if (decision.outcome === 'deny') return 'against a denial';
  if (approvalId === null) return decision.outcome === 'allow' ? undefined : 'without an approval';
  const approval = approvalsOf(evidence).find((one) => one.approvalId === approvalId);
  if (approval === undefined) return `by the approval ${approvalId}, which is not recorded`;
  if (approval.outcome === 'edited') {
    return approval.editedDigest === action.digest ? undefined : 'as another action than the edited one';
  }
  if (approval.outcome !== 'granted') return `although ${approvalId} was ${approval.outcome}`;
  const shown = evidence.cards.get(approval.digest)?.action?.digest;
  return shown === action.digest ? undefined : `as ${action.digest}, and people were shown ${shown}`;
}

/** 3: each answer is bound to the digest of what was shown, says who decided and how that is known, and counts once. */
export const approvalsAreBound: Invariant = (evidence) => {
  const opened = new Map(
    evidence.events.flatMap((event) =>
      event.type === 'approval.opened' ? [[event.approval.approvalId as string, event.approval]] : [],
    ),
  );
  const approvals = approvalsOf(evidence);
  return [
    ...repeated(approvals.map(({ approvalId }) => approvalId)).map((id) => `${id} was answered twice`),
    ...approvals.flatMap((approval) => {
      const shown = opened.get(approval.approvalId);
      if (shown === undefined) return [`${approval.approvalId} was never opened`];
      if (shown.digest !== approval.digest) return [`${approval.approvalId} answers what was not shown`];
      if (!evidence.cards.has(approval.digest)) return [`${approval.approvalId} has no card`];
      if (approval.decidedAtMs < approval.openedAtMs)
        return [`${approval.approvalId} was answered too early`];
      if ((approval.outcome === 'expired') !== (approval.by.proof === 'timer'))
        return [`${approval.approvalId} is ${approval.outcome} by ${approval.by.proof}`];
      return [];
    }),
  ];
};

/** 4: usage never exceeds the budget, with what people have added to it, by more than one model call. */
export const usageWithinBudget: Invariant = ({ spec, ledger, events }) => {
  const raised = ledger.flatMap(({ record }) =>
    record.approvals.filter((one) => one.subject === 'budget' && one.outcome === 'granted'),
  ).length;
  const { maxUsd, maxIterations } = spec.budget;
  const end = events.find((event) => event.type === 'task.finished');
  const costs = ledger.map(({ record }) => record.plan.costUsd ?? 0);
  const spent = end?.usage.costUsd ?? 0;
  const problems: string[] = [];
  if ((end?.usage.iterations ?? 0) > maxIterations * (1 + raised))
    problems.push('more iterations than granted');
  if (maxUsd !== null && spent > maxUsd * (1 + raised) + Math.max(0, ...costs))
    problems.push(`${spent} USD were spent of ${maxUsd}`);
  const calls = events.filter((event) => event.type === 'iteration.planned').length;
  if (end !== undefined && end.usage.modelCalls !== calls)
    problems.push(`${end.usage.modelCalls} model calls are counted, ${calls} were used`);
  return problems;
};

/** 5: no secret in the state directory, the history, a log, or the arguments of any process. */
export const noSecretAnywhere: Invariant = ({ texts, secrets }) =>
  [...texts].flatMap(([where, text]) =>
    secrets.filter((secret) => text.includes(secret)).map((secret) => `${where} holds the secret ${secret}`),
  );

/** 6: each transcript is a strict extension of the one before, except at a recorded compaction, which the goal survives. */
export const transcriptGrowsOnly: Invariant = (evidence) =>
  evidence.transcripts.flatMap((transcript, index) => {
    const { iteration, ref, chain } = transcript;
    const items = chain.flatMap((link) => link.items);
    const goal = JSON.stringify(evidence.spec.instruction).slice(1, -1);
    return [
      ...(items.length === ref.items
        ? []
        : [`transcript ${iteration} has ${items.length} items, not ${ref.items}`]),
      ...(JSON.stringify(items).includes(goal) ? [] : [`transcript ${iteration} has lost the instruction`]),
      ...growthProblems(evidence, evidence.transcripts[index - 1], transcript),
    ];
  });

type Transcript = Evidence['transcripts'][number];

function growthProblems(
  { ledger }: Evidence,
  before: Transcript | undefined,
  { iteration, ref, chain, dropped }: Transcript,
): readonly string[] {
  if (before === undefined) return [];
  const previous = (dropped ?? chain).at(-2)?.digest;
  if (previous !== before.ref.digest) return [`transcript ${iteration} does not extend the one before`];
  if (dropped === null)
    return ref.items > before.ref.items ? [] : [`transcript ${iteration} is no longer than the one before`];
  const plan = ledger.find((entry) => entry.record.iteration === iteration)?.record.plan;
  const kept = plan?.prefixChangedAt ?? null;
  if (kept === null) return [`the compaction of ${iteration} does not say where the prefix changed`];
  const prefix = (links: Transcript['chain']) =>
    JSON.stringify(links.flatMap((link) => link.items).slice(0, kept));
  return prefix(dropped) === prefix(chain)
    ? []
    : [`the compaction of ${iteration} changed the prefix that it says it kept`];
}

/** 7: after its end no process, lease, directory or control group of a task is left. */
export const nothingIsLeft: Invariant = ({ events, leftovers }) =>
  events.some((event) => event.type === 'task.finished') ? leftovers : ['the task has not ended'];

/** The ledger is one chain from the first iteration on, and each record's bytes give its digest. */
export const ledgerRecomputes: Invariant = ({ ledger, taskId }) =>
  ledger.flatMap(({ digest, record }, index) => {
    const problems: string[] = [];
    const parsed = IterationRecordSchema.safeParse(record);
    if (!parsed.success) problems.push(`record ${index + 1} is none: ${parsed.error.message}`);
    if (digestOf(canonicalBytes(record)) !== digest) problems.push(`record ${index + 1} has another digest`);
    if (record.iteration !== index + 1)
      problems.push(`record ${index + 1} is of iteration ${record.iteration}`);
    if (record.previous !== (ledger[index - 1]?.digest ?? null))
      problems.push(`record ${index + 1} breaks the chain`);
    if (record.taskId !== taskId) problems.push(`record ${index + 1} is of ${record.taskId}`);
    return problems;
  });

/** The trees of the ledger join: each iteration begins where the one before ended, unless something was rolled back. */
export const treesJoin: Invariant = ({ ledger, events }) => {
  if (events.some((event) => event.type === 'task.rolled_back')) return [];
  return ledger.flatMap(({ record }, index) => {
    const before = ledger[index - 1]?.record.checkpoint.after ?? record.checkpoint.before;
    return before === record.checkpoint.before ? [] : [`iteration ${record.iteration} began on another tree`];
  });
};

/** The task's own repository holds each checkpoint by the ref of its iteration, as the ledger names it. */
export const checkpointsAreHeld: Invariant = ({ ledger, refs }) =>
  ledger.flatMap(({ record: { iteration, checkpoint } }) => {
    const held = refs.get(checkpointRef(iteration));
    if (checkpoint.after === checkpoint.before || held === checkpoint.commit) return [];
    return [`the checkpoint of ${iteration} is recorded as ${checkpoint.commit}, and ${held} is held`];
  });

const bugs = [
  'EVENT_TYPE_WORKFLOW_EXECUTION_FAILED',
  'WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE',
  'WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR',
] as const;

/** 8: the task ends with a value: no workflow fails, and no workflow task stalls on a bug. */
export const outcomesAreValues: Invariant = ({ texts }) => {
  const history = texts.get('history')?.toString() ?? '';
  return bugs.filter((bug) => history.includes(bug)).map((bug) => `the history holds ${bug}`);
};

export const invariants = {
  outcomesAreValues,
  oneObservationAnAction,
  nothingRanUnasked,
  approvalsAreBound,
  usageWithinBudget,
  noSecretAnywhere,
  transcriptGrowsOnly,
  nothingIsLeft,
  ledgerRecomputes,
  treesJoin,
  checkpointsAreHeld,
} as const satisfies Record<string, Invariant>;

/** All that is wrong with a task's evidence, by invariant. */
export function brokenInvariants(evidence: Evidence): readonly string[] {
  return Object.entries(invariants).flatMap(([name, invariant]) =>
    invariant(evidence).map((problem) => `${name}: ${problem}`),
  );
}

/** Holds every invariant to a task that has ended, and gives its evidence. A sandbox may take a moment to be gone. */
export async function expectInvariants(world: World, taskId: TaskId): Promise<Evidence> {
  await vi.waitFor(() => expect(leftoversOf(world.home, taskId)).toEqual([]), { timeout: 5_000 });
  const evidence = await collectEvidence(world, taskId);
  expect(brokenInvariants(evidence)).toEqual([]);
  return evidence;
}
