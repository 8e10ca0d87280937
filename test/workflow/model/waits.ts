import type { Stage } from '../../helpers/fake-activities.ts';
import { Ended, endIfAsked, type Go, type Life, type Model, type Outcome, type Question } from './model.ts';

function* begin(m: Model, name: Stage): Life<Go> {
  const call = ['fetchRepository', 'perceive', 'rollBack'].includes(name) ? name : `${name} ${m.iteration}`;
  if (m.calls.at(-1) !== call) m.calls.push(call);
  const go = yield { for: name };
  if (go === undefined) throw new Error(`the stage ${name} goes on with nothing`);
  return go;
}

/** A fault that passes is tried again for as long as it lasts. */
export function* lasting(m: Model, name: Stage): Life<Go> {
  let go = yield* begin(m, name);
  while (go.fault === 'passes') go = yield* begin(m, name);
  return go;
}

export function* stage(m: Model, name: Stage, what: string, before = () => {}): Life<Go> {
  for (;;) {
    before();
    const go = yield* lasting(m, name);
    if (go.fault === 'none') return go;
    endIfAsked(m);
    const answer = yield* ask(m, numbered(m, `fault-${what}`), 'fault');
    if (answer !== 'granted' && answer !== 'withdrawn') throw new Ended('stopped');
  }
}

export function* ask(m: Model, id: string, subject: Question['subject']): Life<Outcome | undefined> {
  return (yield* askAll(m, [{ id, subject }])).get(id);
}

export function* askAll(m: Model, questions: readonly Question[]): Life<ReadonlyMap<string, Outcome>> {
  endIfAsked(m);
  m.open = [...questions];
  m.status = 'waiting';
  yield { for: 'people' };
  return new Map(m.approvals.map(({ id, outcome }) => [id, outcome]));
}

export function numbered(m: Model, name: string): string {
  const prefix = `i${m.iteration}.${name}-`;
  return `${prefix}${m.approvals.filter(({ id }) => id.startsWith(prefix)).length + 1}`;
}
