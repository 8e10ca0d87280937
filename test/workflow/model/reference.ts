import type { Stage } from '../../helpers/fake-activities.ts';
import { iterate } from './iteration.ts';
import { Ended, type Ending, endIfAsked, type Go, type Life, type Model } from './model.ts';
import { ask, lasting, numbered, stage } from './waits.ts';

/** The whole loop, as one reads it in the documentation. */
export function* life(m: Model): Life<Ending> {
  try {
    yield* prepare(m, 'fetchRepository');
    yield* prepare(m, 'perceive');
    m.status = 'running';
    for (;;) {
      yield* whilePaused(m);
      endIfAsked(m);
      if (m.rollbackTo !== null) yield* goBack(m, null);
      const next = yield* iterate(m);
      if (next === 'delivered') return next;
      yield* follow(m, next);
    }
  } catch (error) {
    if (error instanceof Ended) return error.status;
    throw error;
  }
}

function* prepare(m: Model, stage: Stage): Life<void> {
  const go = yield* lasting(m, stage);
  if (go.fault === 'asks') throw new Ended('failed');
}

function* whilePaused(m: Model): Life<void> {
  while (m.paused) {
    endIfAsked(m);
    m.status = 'paused';
    yield { for: 'resume' };
    if (m.rollbackTo !== null) yield* goBack(m, null);
  }
}

function* follow(m: Model, next: Go['next']): Life<void> {
  endIfAsked(m);
  if (next === 'rollback') yield* goBack(m, m.best?.iteration ?? 0);
  if (next === 'stop') throw new Ended('stopped');
  if (next !== 'ask') return;
  const answer = yield* ask(m, numbered(m, 'go-on'), 'fault');
  if (answer === 'withdrawn') return;
  if (answer !== 'granted') throw new Ended('stopped');
  m.notices++;
}

/** To an iteration, or to the one that a person names; that one may change while it is carried out. */
function* goBack(m: Model, to: number | null): Life<void> {
  let target = 0;
  const aim = () => {
    target = to ?? m.rollbackTo ?? 0;
  };
  do yield* stage(m, 'rollBack', 'rollback', aim);
  while (to === null && m.rollbackTo !== target);
  m.workspace = m.ends[target] ?? 0;
  m.notices++;
  if (to === null) m.rollbackTo = null;
}
