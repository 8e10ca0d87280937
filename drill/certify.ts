import type { DrillCertificate, DrillRun } from '../contracts/drill.ts';
import type { TaskId, TreeId } from '../contracts/ids.ts';

export interface CertifyInput {
  readonly taskId: TaskId;
  readonly seed: number;
  readonly faultsWanted: number;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly originalTree: TreeId;
  readonly calm: readonly DrillRun[];
  readonly runs: readonly DrillRun[];
  readonly kept: string | null;
  /** What the drill plays otherwise than it was, for this task. */
  readonly playedOtherwise: readonly string[];
}

/** Puts the runs together; pure. Nothing holds that was not shown: no run under faults, no certificate. */
export function certify(input: CertifyInput): DrillCertificate {
  const { calm, runs, originalTree } = input;
  const trees = compareTrees(calm, runs);
  const totals = totalsOf([...calm, ...runs]);
  const problems = [
    ...[...calm, ...runs].flatMap((run) => run.problems.map((problem) => `${nameOf(run)}: ${problem}`)),
    ...treeProblems(trees, calm, runs),
    ...faultProblems(input, totals.faults),
  ];
  return {
    taskId: input.taskId,
    seed: input.seed,
    startedAtMs: input.startedAtMs,
    durationMs: input.durationMs,
    originalTree,
    calm,
    runs,
    totals,
    trees,
    sameAsOriginal: calm[0]?.tree === originalTree,
    held: problems.length === 0,
    problems,
    notes: [...notesOf(calm[0]?.tree === originalTree, trees), ...input.playedOtherwise, ...notTried],
    kept: input.kept,
  };
}

export function nameOf({ number, faults, notStruck }: DrillRun): string {
  return faults.length + notStruck.length === 0 ? 'calm run' : `run ${number}`;
}

function compareTrees(calm: readonly DrillRun[], runs: readonly DrillRun[]): DrillCertificate['trees'] {
  const [first] = calm;
  if (calm.some(({ tree }) => tree !== first?.tree)) return 'undecided';
  const same = runs.every(({ tree }) => tree !== null && tree === first?.tree);
  return same ? 'same' : 'differs';
}

function treeProblems(
  trees: DrillCertificate['trees'],
  calm: readonly DrillRun[],
  runs: readonly DrillRun[],
): readonly string[] {
  if (trees === 'undecided')
    return ["two calm runs gave different trees: the task's own commands do not give the same twice"];
  const expected = calm[0]?.tree ?? null;
  return runs
    .filter(({ tree, status }) => status === 'delivered' && tree !== expected)
    .map(
      (run) =>
        `${nameOf(run)}: delivered the tree ${run.tree}, the calm run ${expected}${becauseOfKeeper(run)}`,
    );
}

function becauseOfKeeper({ faults }: DrillRun): string {
  return faults.some(({ kind }) => kind === 'keeper_killed')
    ? ' (a sandbox died between commands in this run: what git ignores, and what lay outside of the workspace, was gone with it)'
    : '';
}

function faultProblems({ faultsWanted, calm }: CertifyInput, struck: number): readonly string[] {
  if (calm.some(({ status }) => status !== 'delivered'))
    return ['no fault was tried: the calm run did not deliver'];
  return struck === 0 && faultsWanted > 0 ? ['no fault struck'] : [];
}

function totalsOf(runs: readonly DrillRun[]): DrillCertificate['totals'] {
  const sum = (count: (run: DrillRun) => number) => runs.reduce((total, run) => total + count(run), 0);
  const faults = runs.flatMap((run) => run.faults);
  const recoveries = faults.flatMap(({ recoveredMs }) => recoveredMs ?? []);
  return {
    faults: faults.length,
    recovered: recoveries.length,
    slowestRecoveryMs: recoveries.length === 0 ? null : Math.max(...recoveries),
    commands: sum((run) => run.commands),
    commandsTwice: sum((run) => run.twice.length),
    approvals: sum((run) => run.approvals),
    approvalsLost: sum((run) => run.approvalsLost.length),
    modelCalls: sum((run) => run.modelCalls),
    modelCallsAgain: sum((run) => run.modelCallsAgain),
    left: sum((run) => run.left.length),
  };
}

function notesOf(sameAsOriginal: boolean, trees: DrillCertificate['trees']): readonly string[] {
  return [
    'Commands were counted by a shell that the drill lends to the sandboxes of the copy: the step runner starts it once for each command, and it writes into a pipe that only the drill reads. What a command starts itself is part of it.',
    "The model's answers are the recorded ones, served over HTTP; no model was asked and nothing was paid.",
    ...(sameAsOriginal || trees === 'undecided'
      ? []
      : [
          'The calm run gave another tree than the task did then: something outside of the recorded answers has a part in it (time, machine, network, what was left running). Runs under faults are compared with the calm run.',
        ]),
  ];
}

const notTried: readonly string[] = [
  'A sandbox was killed only between commands: what runs when it dies is reported as lost and not begun again, and the task would take another way.',
  'Not tried: a full disk, a damaged artifact, a wrong clock, loss of the network, the real remote, the real model.',
];
