import type { DrillRun } from '../contracts/drill.ts';
import type { IterationRecord } from '../contracts/record.ts';
import type { AcceptedAnswer } from './person.ts';

/** What of a run is as it was seen. */
type Seen = Pick<
  DrillRun,
  'number' | 'faults' | 'notStruck' | 'status' | 'reason' | 'tree' | 'durationMs' | 'left'
>;

/** All that was seen of one run. */
export interface RunEvidence extends Seen {
  /** The ids of steps as the counter saw them begin. */
  readonly begun: readonly string[];
  /** What Longhaul itself recorded. */
  readonly ledger: readonly IterationRecord[];
  readonly opened: readonly string[];
  readonly accepted: readonly AcceptedAnswer[];
  readonly unexpected: readonly string[];
  /** Answers that were refused, with the reason. */
  readonly unanswered: readonly string[];
  /** The turn of each request for a response. */
  readonly turns: readonly number[];
  /** Requests that nothing recorded fits. */
  readonly refused: readonly string[];
  readonly recordedIterations: number;
}

/** Judges one run by itself; pure. Trees are compared later. */
export function judgeRun(evidence: RunEvidence): DrillRun {
  const commands = commandsOf(evidence);
  const lost = approvalsLost(evidence);
  const again = evidence.turns.length - new Set(evidence.turns).size;
  const run = {
    number: evidence.number,
    faults: evidence.faults,
    notStruck: evidence.notStruck,
    status: evidence.status,
    reason: evidence.reason,
    tree: evidence.tree,
    iterations: evidence.ledger.length,
    durationMs: evidence.durationMs,
    ...commands.counts,
    approvals: evidence.opened.length,
    approvalsLost: lost,
    modelCalls: evidence.turns.length,
    modelCallsAgain: again,
    left: evidence.left,
  };
  return { ...run, problems: [...endProblems(evidence), ...commands.problems, ...problemsOf(run, evidence)] };
}

function endProblems(evidence: RunEvidence): readonly string[] {
  const { status, reason, ledger, recordedIterations, refused, unexpected, unanswered } = evidence;
  const why = reason === '' ? '' : `: ${reason}`;
  return [
    ...(status === 'delivered' ? [] : [`the task ended as ${status}${why}`]),
    ...(status === 'delivered' && ledger.length !== recordedIterations
      ? [`it was delivered after ${ledger.length} iterations, the original after ${recordedIterations}`]
      : []),
    ...refused.map((problem) => `the story became another one: ${problem}`),
    ...unanswered.map((refusal) => `an answer was refused: ${refusal}`),
    ...unexpected.map((question) => `a person was asked what the original task did not ask: ${question}`),
  ];
}

/** What the model wanted run, by the step that has the effect; `verify` and `setup` steps belong to sandboxes that are made anew. */
function commandsOf({ begun, ledger }: RunEvidence) {
  const actions = ledger
    .flatMap((record) => record.actions)
    .filter(({ kind }) => kind === 'shell' || kind === 'apply_patch')
    .map(({ id, kind, observation }) => ({
      step: kind === 'apply_patch' ? `${id}.write` : (id as string),
      status: observation.status,
    }));
  const times = timesOf(begun);
  const once = [...times].filter(([step]) => isOnceOnly(step));
  const twice = once.filter(([, count]) => count > 1).map(([step]) => step);
  const uncounted = actions.filter(({ step, status }) => status === 'ok' && !times.has(step));
  const unallowed = actions.filter(
    ({ step, status }) => (status === 'denied' || status === 'cancelled') && times.has(step),
  );
  const known = new Set(actions.map(({ step }) => step));
  const unrecorded = once.filter(([step]) => isCommand(step) && !known.has(step));
  return {
    counts: {
      commands: once.filter(([step]) => isCommand(step)).length,
      twice,
      uncounted: uncounted.map(({ step }) => step),
    },
    problems: [
      ...unallowed.map(({ step, status }) => `${step} began, and its record says ${status}`),
      ...unrecorded.map(([step]) => `${step} began, and no record knows of it`),
    ],
  };
}

function timesOf(begun: readonly string[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const step of begun) times.set(step, (times.get(step) ?? 0) + 1);
  return times;
}

const isCommand = (step: string) => /^i[0-9]+\.a[0-9]+(?:\.write)?$/.test(step);
const isOnceOnly = (step: string) => isCommand(step) || /^(?:i[0-9]+\.check|baseline)-[0-9]+$/.test(step);

/** Accepted, and not in the record as what it was; or asked, and no answer was ever taken. */
function approvalsLost({ ledger, accepted, opened }: RunEvidence): readonly string[] {
  const recorded = new Map(
    ledger.flatMap((record) => record.approvals).map((one) => [one.approvalId as string, one]),
  );
  const changed = accepted.filter(({ approvalId, digest, outcome }) => {
    const found = recorded.get(approvalId);
    return found === undefined || found.outcome !== outcome || found.digest !== digest;
  });
  const answered = new Set(accepted.map(({ approvalId }) => approvalId));
  return [...changed.map(({ approvalId }) => approvalId), ...opened.filter((id) => !answered.has(id))];
}

function problemsOf(
  run: Pick<
    DrillRun,
    'twice' | 'uncounted' | 'approvalsLost' | 'modelCallsAgain' | 'left' | 'faults' | 'notStruck'
  >,
  { status }: RunEvidence,
): readonly string[] {
  const unrecovered = status === 'delivered' ? [] : run.faults.filter((fault) => fault.recoveredMs === null);
  return [
    ...run.twice.map((step) => `${step} began more than once`),
    ...run.uncounted.map((step) => `${step} ran by its record, and the count did not see it begin`),
    ...run.approvalsLost.map((id) => `the answer to ${id} was taken and is not in the record`),
    ...(run.modelCallsAgain > run.faults.length
      ? [
          `${run.modelCallsAgain} model calls were made again, more than the ${run.faults.length} faults explain`,
        ]
      : []),
    ...run.left.map((what) => `after the end there is still ${what}`),
    ...run.faults
      .filter((fault) => fault.letGo)
      .map(({ kind }) => `after ${kind} the task went on only once the process was let go`),
    ...unrecovered.map((fault) => `after ${fault.kind} the task did not go on`),
  ];
}
