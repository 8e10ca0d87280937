import type { Stage } from '../../helpers/fake-activities.ts';

/** What a stage that was let go on gives; each stage reads its part. */
export interface Go {
  /** `passes`: tried again by itself; `asks`: put to a person. */
  readonly fault: 'none' | 'passes' | 'asks';
  /** What the model wants done: nothing when it is done. */
  readonly actions: readonly ('allowed' | 'asked' | 'denied' | 'question')[];
  readonly compacts: boolean;
  /** The next model call would cost more than any budget has left. */
  readonly dear: boolean;
  readonly sandboxLost: boolean;
  /** The actions are judged where they run. */
  readonly judgedAtOnce: boolean;
  readonly next: 'continue' | 'deliver' | 'replan' | 'rollback' | 'ask' | 'stop';
  readonly progress: number;
  readonly verified: boolean;
}

export type Outcome = 'granted' | 'rejected' | 'edited' | 'withdrawn';
export type Ending = 'delivered' | 'stopped' | 'cancelled' | 'failed';
interface Question {
  readonly id: string;
  readonly subject: 'action' | 'question' | 'delivery' | 'budget' | 'fault';
}
export interface Answered {
  readonly id: string;
  readonly outcome: Outcome;
  readonly by: string;
}
export interface ModelRecord {
  readonly iteration: number;
  readonly steers: readonly string[];
  readonly approvals: readonly Answered[];
  /** What people told the task, `kind by`, with `!` when it was refused. */
  readonly said: readonly string[];
  /** `id status`. */
  readonly actions: readonly string[];
  /** The iterations at whose ends the workspace was what it is before and after this one; 0 is the base. */
  readonly before: number;
  readonly after: number;
  readonly next: Go['next'];
}
export type Wait = { readonly for: Stage } | { readonly for: 'people' } | { readonly for: 'resume' };
type Life<T> = Generator<Wait, T, Go | undefined>;

/** A task as people may expect it to be. No server, no runs of the workflow, no scopes: what waits, what was said, where the workspace is. */
export interface Model {
  status: 'preparing' | 'running' | 'waiting' | 'paused' | Ending;
  planning: boolean;
  paused: boolean;
  rollbackTo: number | null;
  ending: 'soft' | 'now' | null;
  iteration: number;
  usage: { iterations: number; modelCalls: number; costUsd: number };
  budget: { maxUsd: number | null; maxIterations: number };
  step: { maxUsd: number | null; maxIterations: number };
  model: string;
  wanted: string;
  constraints: number;
  constraintChanges: number;
  steers: string[];
  /** What the plan that runs now was given of `steers`, after those that it has compacted away. */
  offered: readonly string[];
  /** The model that answers it. */
  asked: string;
  notices: number;
  open: Question[];
  /** Since the last record. */
  approvals: Answered[];
  settled: Answered[];
  said: string[];
  records: ModelRecord[];
  /** Stages in the order they began, tries of one counted once. */
  calls: string[];
  workspace: number;
  ends: number[];
  best: { readonly iteration: number; readonly progress: number } | null;
}

/** A task's end from anywhere; also what a cancellation throws into its life. */
export class Ended extends Error {
  readonly status: Ending;
  constructor(status: Ending) {
    super(status);
    this.status = status;
  }
}

export const compactionUsd = 0.02;
export const planUsd = 0.01;
const maxMessageCharacters = 8500;

export function newModel(budget: Model['budget'], model: string): Model {
  return {
    ...{ status: 'preparing', planning: false, paused: false, rollbackTo: null, ending: null, iteration: 0 },
    usage: { iterations: 0, modelCalls: 0, costUsd: 0 },
    ...{ budget, step: budget, model, wanted: model, asked: model, constraints: 0, constraintChanges: 0 },
    ...{ steers: [], offered: [], notices: 0, open: [], approvals: [], settled: [], said: [] },
    ...{ records: [], calls: [], workspace: 0, ends: [0], best: null },
  };
}

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

interface Iteration {
  readonly steers: readonly string[];
  readonly before: number;
  actions: readonly { readonly id: string; readonly status: string }[];
}

function* iterate(m: Model): Life<Go['next'] | 'delivered'> {
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

function* plan(m: Model): Life<{ readonly go: Go; readonly steers: readonly string[] }> {
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

function* begin(m: Model, name: Stage): Life<Go> {
  const call = ['fetchRepository', 'perceive', 'rollBack'].includes(name) ? name : `${name} ${m.iteration}`;
  if (m.calls.at(-1) !== call) m.calls.push(call);
  const go = yield { for: name };
  if (go === undefined) throw new Error(`the stage ${name} goes on with nothing`);
  return go;
}

/** A fault that passes is tried again for as long as it lasts. */
function* lasting(m: Model, name: Stage): Life<Go> {
  let go = yield* begin(m, name);
  while (go.fault === 'passes') go = yield* begin(m, name);
  return go;
}

function* stage(m: Model, name: Stage, what: string, before = () => {}): Life<Go> {
  for (;;) {
    before();
    const go = yield* lasting(m, name);
    if (go.fault === 'none') return go;
    endIfAsked(m);
    const answer = yield* ask(m, numbered(m, `fault-${what}`), 'fault');
    if (answer !== 'granted' && answer !== 'withdrawn') throw new Ended('stopped');
  }
}

function* ask(m: Model, id: string, subject: Question['subject']): Life<Outcome | undefined> {
  return (yield* askAll(m, [{ id, subject }])).get(id);
}

function* askAll(m: Model, questions: readonly Question[]): Life<ReadonlyMap<string, Outcome>> {
  endIfAsked(m);
  m.open = [...questions];
  m.status = 'waiting';
  yield { for: 'people' };
  return new Map(m.approvals.map(({ id, outcome }) => [id, outcome]));
}

function numbered(m: Model, name: string): string {
  const prefix = `i${m.iteration}.${name}-`;
  return `${prefix}${m.approvals.filter(({ id }) => id.startsWith(prefix)).length + 1}`;
}

function endIfAsked({ ending }: Model): void {
  if (ending !== null) throw new Ended('cancelled');
}

function hasUnread({ steers, constraintChanges, rollbackTo, paused, ending }: Model): boolean {
  return steers.length > 0 || constraintChanges > 0 || rollbackTo !== null || paused || ending !== null;
}

/** As many as one plan takes, at least one. */
function fitting(steers: readonly string[]): readonly string[] {
  let characters = 0;
  return steers.filter((text, index) => {
    characters += text.length + 'ann'.length + 20;
    return index === 0 || characters <= maxMessageCharacters;
  });
}
