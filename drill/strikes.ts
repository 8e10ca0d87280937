import type { DrillFault, Moment, PlannedFault } from '../contracts/drill.ts';
import type { TaskEvent } from '../contracts/task-event.ts';
import { momentKey } from './fault-plan.ts';
import type { Struck } from './strike.ts';

/** The faults of one run: struck when their moment comes, over when the task goes on. */
export interface Strikes {
  /** Strikes what is planned for this moment; resolves when it is done. The first time counts. */
  reach(moment: Moment): Promise<void>;
  /** Sees an event of the task: a sign that it goes on. */
  see(event: TaskEvent): void;
  /** Every moment that came, in order, once. */
  readonly moments: readonly Moment[];
  readonly faults: readonly DrillFault[];
  readonly notStruck: readonly PlannedFault[];
  /** Lets everything go that is frozen, and strikes no more; resolves when what it did last is done. */
  end(): Promise<void>;
}

export interface StrikesDeps {
  readonly planned: readonly PlannedFault[];
  readonly strike: (fault: PlannedFault, onHit: (struck: Struck) => void) => Promise<void>;
  readonly onStruck: (fault: PlannedFault, target: string) => void;
  readonly onRecovered: (fault: PlannedFault, recoveredMs: number) => void;
  readonly nowMs: () => number;
  /** Calls after a time; the result calls it off. */
  readonly after: (ms: number, then: () => void) => () => void;
}

/** A worker that is silent for 4 s counts as dead; a frozen one stays so for longer, also when the task goes on before. */
const frozenAtLeastMs = 6_000;
const frozenAtMostMs = 120_000;

interface Entry {
  readonly fault: PlannedFault;
  readonly struck: Struck;
  readonly atMs: number;
  recoveredMs: number | null;
  letGo: boolean;
}

export function createStrikes(deps: StrikesDeps): Strikes {
  const waiting = new Map(deps.planned.map((fault) => [momentKey(fault.moment), fault]));
  const moments = new Map<string, Moment>();
  const entries: Entry[] = [];
  const callOff: (() => void)[] = [];
  const nothingHit: PlannedFault[] = [];
  let last: Promise<void> = Promise.resolve();
  let ended = false;

  const hit = (fault: PlannedFault, struck: Struck): void => {
    const entry: Entry = { fault, struck, atMs: deps.nowMs(), recoveredMs: null, letGo: false };
    entries.push(entry);
    deps.onStruck(fault, struck.target);
    if (fault.kind === 'worker_frozen') callOff.push(deps.after(frozenAtMostMs, () => letGo(entry)));
  };

  const strikeNow = async (fault: PlannedFault): Promise<void> => {
    await deps.strike(fault, (struck) => hit(fault, struck));
    if (!entries.some((entry) => entry.fault === fault)) nothingHit.push(fault);
  };

  /** A task that waits for the frozen one has not recovered by itself. */
  const letGo = (entry: Entry): void => {
    entry.letGo = entry.recoveredMs === null;
    entry.struck.release();
  };

  const recover = (entry: Entry): void => {
    entry.recoveredMs = deps.nowMs() - entry.atMs;
    deps.onRecovered(entry.fault, entry.recoveredMs);
    const stillMs = Math.max(0, frozenAtLeastMs - entry.recoveredMs);
    if (entry.fault.kind === 'worker_frozen') callOff.push(deps.after(stillMs, entry.struck.release));
  };

  return {
    reach(moment) {
      if (moment.at === 'step') for (const entry of waitingForSandbox(entries)) recover(entry);
      const key = momentKey(moment);
      if (!moments.has(key)) moments.set(key, moment);
      const fault = ended ? undefined : waiting.get(key);
      if (fault === undefined) return Promise.resolve();
      waiting.delete(key);
      // One after the other: a worker that is about to be killed must be up.
      last = last.then(() => strikeNow(fault));
      return last;
    },
    see(event) {
      const signMs = signOfGoingOn(event);
      if (signMs === null) return;
      for (const entry of entries)
        if (entry.recoveredMs === null && signMs > entry.atMs && tellsOf(entry, event)) recover(entry);
    },
    get moments() {
      return [...moments.values()];
    },
    get faults() {
      return entries.map(({ fault, struck, recoveredMs, letGo }) => ({
        ...fault,
        target: struck.target,
        recoveredMs,
        letGo,
      }));
    },
    get notStruck() {
      return [...nothingHit, ...waiting.values()];
    },
    async end() {
      ended = true;
      for (const call of callOff) call();
      for (const { struck } of entries) struck.release();
      await last.catch(() => undefined);
    },
  };
}

/** Much goes on without a sandbox: after its death, only what begins in the next one tells that there is one. */
function waitingForSandbox(entries: readonly Entry[]): readonly Entry[] {
  return entries.filter(({ fault, recoveredMs }) => fault.kind === 'keeper_killed' && recoveredMs === null);
}

function tellsOf({ fault }: Entry, event: TaskEvent): boolean {
  return fault.kind !== 'keeper_killed' || event.type === 'task.finished';
}

/** When what an event tells of began; null for one that tells of waiting. */
function signOfGoingOn(event: TaskEvent): number | null {
  if (event.type === 'live.retrying') return null;
  if (event.type !== 'live.running') return event.atMs;
  return event.what.startsWith('no free worker') ? null : event.sinceMs;
}
