import { type FaultKind, faultKinds, type Moment, type PlannedFault } from '../contracts/drill.ts';
import { seededRandom, shuffled } from './random.ts';

/** More faults in one run leave the task little time between them to show that it goes on. */
const mostInOneRun = 4;

/**
 * Which faults strike when, run by run: all that is random in a plan, from its seed. Kinds come in turn, in an order that is drawn anew for each
 * round; a moment is struck once in a run.
 */
export function planFaults(
  moments: readonly Moment[],
  { faults, seed }: { readonly faults: number; readonly seed: number },
): readonly (readonly PlannedFault[])[] {
  const random = seededRandom(seed);
  const runs: (readonly PlannedFault[])[] = [];
  let kinds: readonly FaultKind[] = [];
  for (let left = faults; left > 0; ) {
    const planned = planRun(shuffled(moments, random), Math.min(left, mostInOneRun), kinds, random);
    if (planned.run.length === 0) break;
    kinds = planned.kinds;
    left -= planned.run.length;
    runs.push([...planned.run].sort((a, b) => moments.indexOf(a.moment) - moments.indexOf(b.moment)));
  }
  return runs;
}

/** One run's faults, and the kinds whose turn is next: one that fits no free moment of this run waits. */
function planRun(
  moments: readonly Moment[],
  most: number,
  before: readonly FaultKind[],
  random: () => number,
): { readonly run: readonly PlannedFault[]; readonly kinds: readonly FaultKind[] } {
  const run: PlannedFault[] = [];
  const waiting: FaultKind[] = [];
  const kinds = [...before];
  while (run.length < most && waiting.length < faultKinds.length) {
    if (kinds.length === 0) kinds.push(...shuffled(faultKinds, random));
    const kind = kinds.shift();
    if (kind === undefined) break;
    const moment = moments.find((one) => strikesAt(kind, one) && !run.some((fault) => fault.moment === one));
    if (moment === undefined) waiting.push(kind);
    else run.push({ kind, moment });
  }
  return { run, kinds: [...waiting, ...kinds] };
}

/**
 * A keeper is killed only between commands: what runs when a sandbox dies is lost and not begun again, and the story would be another one.
 * A stream can be dropped only while one is answered.
 */
export function strikesAt(kind: FaultKind, { at }: Moment): boolean {
  switch (kind) {
    case 'keeper_killed':
      return at === 'model' || at === 'approval';
    case 'stream_dropped':
      return at === 'model';
    case 'worker_killed':
    case 'worker_frozen':
    case 'server_killed':
    case 'server_stopped':
      return true;
    default:
      return kind satisfies never;
  }
}

/** Two moments are the same moment of a story, in whichever run. */
export function momentKey(moment: Moment): string {
  switch (moment.at) {
    case 'model':
      return `model ${moment.iteration}`;
    case 'step':
      return `step ${moment.stepId}`;
    case 'approval':
      return `approval ${moment.approvalId}`;
    case 'delivery':
      return 'delivery';
    default:
      return moment satisfies never;
  }
}
