import { endIfAsked, type Go, hasUnread, type Life, type Model } from './model.ts';
import { plan } from './plan.ts';
import { ask, askAll, stage } from './waits.ts';

interface Iteration {
  readonly steers: readonly string[];
  readonly before: number;
  actions: readonly { readonly id: string; readonly status: string }[];
}

export function* iterate(m: Model): Life<Go['next'] | 'delivered'> {
  m.iteration++;
  m.planning = true;
  const { go: planned, steers } = yield* plan(m);
  const now: Iteration = { steers, before: m.workspace, actions: [] };
  try {
    now.actions = yield* authorize(m, planned.actions);
    const next = yield* judge(m, now);
    const delivered = next === 'deliver' && (yield* deliver(m, now));
    const followed = next === 'deliver' && !delivered ? 'continue' : next;
    keep(m, now, followed);
    return delivered ? 'delivered' : followed;
  } catch (error) {
    keep(m, now, 'stop');
    throw error;
  }
}

function keep(m: Model, { steers, before, actions }: Iteration, next: Go['next']): void {
  const { iteration, approvals, said, workspace: after } = m;
  const observed = actions.map(({ id, status }) => `${id} ${status === 'runs' ? 'cancelled' : status}`);
  m.records.push({ iteration, steers, approvals, said, actions: observed, before, after, next });
  m.approvals = [];
  m.said = [];
  m.usage.iterations++;
}

/** Judges the workspace, unless that was done where the actions ran. */
function* judge(m: Model, now: Iteration): Life<Go['next']> {
  const judged = (yield* run(m, now)) ?? (yield* stage(m, 'evaluate', 'evaluate'));
  m.ends[m.iteration] = m.workspace;
  const { next, progress } = judged;
  if (m.best === null || progress > m.best.progress) m.best = { iteration: m.iteration, progress };
  return (next === 'deliver' || next === 'stop') && hasUnread(m) ? 'continue' : next;
}

/** Runs what may run, unless people have overtaken it. */
function* run(m: Model, now: Iteration): Life<Go | null> {
  const observe = (status: string) => {
    now.actions = now.actions.map((action) => (action.status === 'runs' ? { ...action, status } : action));
  };
  if (m.ending !== null || m.rollbackTo !== null) {
    observe('cancelled');
    endIfAsked(m);
  }
  if (now.actions.every(({ status }) => status !== 'runs')) return null;
  const done = yield* stage(m, 'execute', 'execute');
  observe(done.sandboxLost ? 'lost' : 'ok');
  if (done.sandboxLost) m.notices++;
  else m.workspace = m.iteration;
  return done.judgedAtOnce ? done : null;
}

function* authorize(m: Model, kinds: Go['actions']): Life<{ id: string; status: string }[]> {
  const named = kinds.map((kind, index) => ({ kind, id: `i${m.iteration}.a${index}` }));
  const questions = named.filter(({ kind }) => kind === 'asked' || kind === 'question');
  const answers =
    questions.length === 0
      ? new Map()
      : yield* askAll(
          m,
          questions.map(({ id, kind }) => ({ id, subject: kind === 'question' ? 'question' : 'action' })),
        );
  return named.map(({ id, kind }) => {
    const agreed = ['granted', 'edited'].includes(answers.get(id) ?? (kind === 'allowed' ? 'granted' : ''));
    if (!agreed) return { id, status: 'denied' };
    return { id, status: kind === 'question' ? 'ok' : 'runs' };
  });
}

function* deliver(m: Model, now: Iteration): Life<boolean> {
  const { verified } = yield* stage(m, 'verifyDelivery', 'verify');
  if (!verified) {
    m.notices++;
    return false;
  }
  const id = `i${m.iteration}.deliver`;
  const answer = yield* ask(m, id, 'delivery');
  if (answer === 'rejected') m.notices++;
  const delivers = answer === 'granted' && !hasUnread(m);
  if (delivers) yield* stage(m, 'deliver', 'deliver');
  now.actions = [...now.actions, { id, status: delivers ? 'ok' : 'denied' }];
  return delivers;
}
