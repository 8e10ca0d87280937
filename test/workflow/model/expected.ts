import { Ended, type Go, type Model, newModel, type Outcome, type Wait } from './model.ts';
import { life } from './reference.ts';

/** A model with its life, and where that stands. */
export interface Expected {
  readonly m: Model;
  readonly life: ReturnType<typeof life>;
  /** Null: the task has ended. */
  wait: Wait | null;
  /** Something was said while the task moved: which record has it is not known. */
  raced: boolean;
  /** So many of the newest steers may have come after the plan that runs now. */
  late: number;
}

export function newExpected(budget: Model['budget'], model: string): Expected {
  const m = newModel(budget, model);
  const x: Expected = { m, life: life(m), wait: null, raced: false, late: 0 };
  moved(x, x.life.next());
  return x;
}

/** A stage that stood still goes on. */
export function goOn(x: Expected, go: Go): void {
  moved(x, x.life.next(go));
}

/** Goes on where what is waited for has come. */
export function settle(x: Expected): void {
  while (x.wait !== null && isOver(x.m, x.wait)) moved(x, x.life.next());
}

function moved(x: Expected, { done, value }: IteratorResult<Wait, Model['status']>): void {
  x.wait = done ? null : (value as Wait);
  if (done) Object.assign(x.m, { status: value, open: [] });
  else settle(x);
}

function isOver({ open, paused, rollbackTo }: Model, wait: Wait): boolean {
  if (wait.for === 'people') return open.length === 0;
  return wait.for === 'resume' && (!paused || rollbackTo !== null);
}

/** What a person says, and whether it was taken. */
export function said({ m }: Expected, kind: string, by: string, taken = true): void {
  m.said = [...m.said, `${kind} ${by}${taken ? '' : '!'}`];
}

export function answer(x: Expected, id: string, outcome: Outcome, by: string): void {
  const { m } = x;
  const answered = { id, outcome, by };
  m.open = m.open.filter((question) => question.id !== id);
  m.approvals = [...m.approvals, answered];
  m.settled = [...m.settled, answered].slice(-20);
  m.status = m.open.length > 0 ? 'waiting' : 'running';
}

/** The questions that make no sense any more are asked no longer. */
export function withdraw(x: Expected, overtaken: (question: Model['open'][number]) => boolean): void {
  for (const { id } of x.m.open.filter(overtaken)) answer(x, id, 'withdrawn', 'ann');
}

export function cancel(x: Expected, mode: 'soft' | 'now'): void {
  const { m } = x;
  const idle = m.planning || m.status === 'preparing' || m.status === 'waiting' || m.status === 'paused';
  if (m.ending === null || mode === 'now') m.ending = mode;
  if (mode === 'now' || idle) moved(x, x.life.throw(new Ended('cancelled')));
}
