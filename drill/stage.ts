import type { DrillEvent, Moment, PlannedFault } from '../contracts/drill.ts';
import type { TaskSpec } from '../contracts/task.ts';
import type { TaskEvent } from '../contracts/task-event.ts';
import type { ReceivedRequest } from '../models/scripted/server.ts';
import type { Machine } from './machine.ts';
import { createPerson, type Person } from './person.ts';
import type { Recording } from './recording.ts';
import { strike } from './strike.ts';
import { createStrikes, type Strikes } from './strikes.ts';

/** What ties a run's machine to its faults and its person. */
export interface Stage {
  readonly strikes: Strikes;
  readonly refused: readonly string[];
  /** For the machine: a step has begun in the sandbox. */
  onBegun(stepId: string): void;
  /** For the machine: awaited before the model answers. */
  onRequest(request: ReceivedRequest): Promise<void>;
  /** Starts the task and plays it to its end; gives what was seen of it, also when the run had to be ended. */
  play(machine: Machine, spec: TaskSpec): Promise<Played>;
}

export interface Played {
  readonly events: readonly TaskEvent[];
  readonly person: Person;
  /** Why the run was ended before the task had; null when it came to its own end. */
  readonly cutShort: string | null;
}

export interface StageDeps {
  readonly recording: Recording;
  readonly number: number;
  readonly faults: readonly PlannedFault[];
  readonly random: () => number;
  readonly tell: (event: DrillEvent) => void;
  readonly signal: AbortSignal;
  readonly limitMs: number;
}

export function createStage(deps: StageDeps): Stage {
  const { recording, number, tell } = deps;
  const { taskId } = recording;
  const cut = new AbortController();
  const signal = AbortSignal.any([deps.signal, cut.signal]);
  const refused: string[] = [];
  let machine: Machine | undefined;
  let person: Person | undefined;
  const strikes = createStrikes({
    planned: deps.faults,
    strike: async (fault, onHit) => {
      if (machine !== undefined) await strike(fault, { machine, taskId, random: deps.random }, onHit);
    },
    onStruck: (fault, target) => tell({ type: 'drill.fault', run: number, fault, target }),
    onRecovered: (fault, recoveredMs) => tell({ type: 'drill.recovered', run: number, fault, recoveredMs }),
    nowMs: Date.now,
    after(ms, then) {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    },
  });
  const reach = async (moment: Moment): Promise<void> => {
    try {
      await strikes.reach(moment);
    } catch (error) {
      cut.abort(error);
    }
  };

  return {
    strikes,
    refused,
    onBegun(stepId) {
      if (!stepId.startsWith('setup.')) void reach({ at: 'step', stepId });
    },
    async onRequest({ kind, turn }) {
      if (kind === 'refused') {
        refused.push(machine?.model.problems()[0] ?? 'a request that nothing recorded fits');
        cut.abort();
      }
      if (kind !== 'turn' || turn === null) return;
      await person?.beforeAnswer(turn);
      await reach({ at: 'model', iteration: turn });
    },
    async play(made, spec) {
      machine = made;
      const { client } = made;
      person = createPerson({ client, recording, reach, signal });
      const limit = AbortSignal.timeout(deps.limitMs);
      const events: TaskEvent[] = [];
      await client.start(spec);
      await person.beforeAnswer(0);
      const options = { follow: true, live: true, signal: AbortSignal.any([signal, limit]) };
      for await (const event of client.watch(taskId, options)) {
        events.push(event);
        strikes.see(event);
        person.see(event);
        if (isUnasked(recording, event)) void reach({ at: 'delivery' });
        say(tell, number, event);
      }
      deps.signal.throwIfAborted();
      if (cut.signal.aborted && refused.length === 0) throw cut.signal.reason;
      return { events, person, cutShort: cutShort(refused, limit, deps.limitMs) };
    },
  };
}

function cutShort(refused: readonly string[], limit: AbortSignal, limitMs: number): string | null {
  if (refused.length > 0) return 'the drill ended it: there is no recorded response for what it asks';
  return limit.aborted
    ? `the drill ended it: it had not come to its end after ${Math.round(limitMs / 1000)} s`
    : null;
}

/** A delivery that nobody is asked about may be published as soon as it is verified. */
function isUnasked({ approvals }: Recording, event: TaskEvent): boolean {
  if (event.type !== 'delivery.verified' || !event.passed) return false;
  return !approvals.some(({ subject, outcome }) => subject === 'delivery' && outcome === 'granted');
}

function say(tell: (event: DrillEvent) => void, run: number, event: TaskEvent): void {
  if (event.type === 'iteration.planned')
    tell({ type: 'drill.doing', text: `run ${run}: iteration ${event.iteration}` });
  if (event.type === 'live.running') tell({ type: 'drill.doing', text: `run ${run}: ${event.what}` });
}
