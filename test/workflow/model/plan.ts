import { compactionUsd, Ended, endIfAsked, type Go, type Life, type Model, planUsd } from './model.ts';
import { ask, numbered, stage } from './waits.ts';

const maxMessageCharacters = 8500;

export function* plan(m: Model): Life<{ readonly go: Go; readonly steers: readonly string[] }> {
  let steers: readonly string[] = [];
  let [notices, offeredNotices, compacted] = [0, 0, false];
  const offer = () => {
    m.offered = fitting(m.steers.slice(steers.length));
    offeredNotices = m.notices - notices;
    m.asked = m.wanted;
  };
  for (;;) {
    endIfAsked(m);
    while (m.usage.iterations >= m.budget.maxIterations) yield* askForMore(m);
    if (m.constraintChanges > 0) m.notices++;
    m.constraintChanges = 0;
    const go = yield* stage(m, 'plan', 'plan', offer);
    if (go.dear && m.budget.maxUsd !== null) {
      yield* askForMore(m);
      continue;
    }
    steers = [...steers, ...m.offered];
    notices += offeredNotices;
    if (go.compacts && !compacted) {
      m.usage.costUsd += compactionUsd;
      compacted = true;
      continue;
    }
    m.usage.costUsd += planUsd;
    m.usage.modelCalls++;
    m.steers = m.steers.slice(steers.length);
    m.notices -= notices;
    m.model = m.asked;
    m.planning = false;
    return { go, steers };
  }
}

function* askForMore(m: Model): Life<void> {
  const { budget, step, usage } = m;
  const more = {
    maxUsd: budget.maxUsd === null || step.maxUsd === null ? null : budget.maxUsd + step.maxUsd,
    maxIterations: Math.max(budget.maxIterations, usage.iterations) + step.maxIterations,
  };
  const answer = yield* ask(m, numbered(m, 'budget'), 'budget');
  if (answer === 'withdrawn') return;
  if (answer !== 'granted') throw new Ended('stopped');
  m.budget = more;
}

/** As many as one plan takes, at least one. */
function fitting(steers: readonly string[]): readonly string[] {
  let characters = 0;
  return steers.filter((text, index) => {
    characters += text.length + 'ann'.length + 20;
    return index === 0 || characters <= maxMessageCharacters;
  });
}
