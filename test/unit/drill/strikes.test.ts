import { expect, test } from 'vitest';
import type { PlannedFault } from '../../../contracts/drill.ts';
import type { TaskEvent } from '../../../contracts/task-event.ts';
import { createStrikes, type StrikesDeps } from '../../../drill/strikes.ts';

const killed: PlannedFault = { kind: 'worker_killed', moment: { at: 'step', stepId: 'i1.a1' } };
const frozen: PlannedFault = { kind: 'worker_frozen', moment: { at: 'model', iteration: 2 } };

/** A world with a clock that tests set. */
function stage(planned: readonly PlannedFault[], more: Partial<StrikesDeps> = {}) {
  const told: string[] = [];
  const timers: { readonly ms: number; readonly then: () => void }[] = [];
  const clock = { nowMs: 1000 };
  const strikes = createStrikes({
    planned,
    async strike({ kind }, onHit) {
      onHit({ target: 'process 7', release: () => void told.push(`released ${kind}`) });
    },
    onStruck: ({ kind }, target) => void told.push(`struck ${kind}: ${target}`),
    onRecovered: ({ kind }, ms) => void told.push(`recovered from ${kind} after ${ms}`),
    nowMs: () => clock.nowMs,
    after(ms, then) {
      const timer = { ms, then };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
    ...more,
  });
  return { strikes, told, timers, clock };
}

const planned = (atMs: number) =>
  ({ type: 'iteration.planned', taskId: 't1', seq: '0.9', atMs }) as TaskEvent;
const running = (what: string, sinceMs: number): TaskEvent => ({
  type: 'live.running',
  taskId: 't1',
  seq: '',
  atMs: 0,
  what,
  sinceMs,
  tail: '',
});

test('a fault strikes at its moment and at no other, once', async () => {
  const { strikes, told } = stage([killed]);
  await strikes.reach({ at: 'step', stepId: 'baseline-0' });
  expect(told).toEqual([]);
  await strikes.reach(killed.moment);
  await strikes.reach(killed.moment);
  expect(told).toEqual(['struck worker_killed: process 7']);
  expect(strikes.moments).toEqual([{ at: 'step', stepId: 'baseline-0' }, killed.moment]);
});

test('what began before the fault, a retry that is announced and a task without a worker are no sign that it goes on', async () => {
  const { strikes, told, clock } = stage([killed]);
  await strikes.reach(killed.moment);
  clock.nowMs = 5000;
  strikes.see(planned(999));
  strikes.see(running('npm test', 900));
  strikes.see(running('no free worker: "longhaul up" starts one', 4000));
  strikes.see({
    type: 'live.retrying',
    taskId: 't1',
    seq: '',
    atMs: 4000,
    what: 'plan',
    attempt: 2,
    error: 'x',
    nextAttemptAtMs: null,
  });
  expect(strikes.faults).toMatchObject([{ recoveredMs: null }]);
  strikes.see(running('npm test', 4500));
  strikes.see(planned(4900));
  expect(strikes.faults).toEqual([{ ...killed, target: 'process 7', recoveredMs: 4000, letGo: false }]);
  expect(told.at(-1)).toBe('recovered from worker_killed after 4000');
});

test('a frozen worker is let go some seconds after, also when the task goes on at once, and in any case in the end', async () => {
  const { strikes, told, timers, clock } = stage([frozen]);
  await strikes.reach(frozen.moment);
  clock.nowMs = 1500;
  strikes.see(planned(1400));
  expect(told).not.toContain('released worker_frozen');
  expect(timers.map(({ ms }) => ms)).toEqual([120_000, 5500]);
  timers[1]?.then();
  expect(told).toContain('released worker_frozen');

  const other = stage([frozen]);
  await other.strikes.reach(frozen.moment);
  await other.strikes.end();
  expect(other.told).toContain('released worker_frozen');
  expect(other.timers).toEqual([]);
});

test('a task that goes on only once its frozen worker is let go has not recovered by itself', async () => {
  const { strikes, told, timers, clock } = stage([frozen]);
  await strikes.reach(frozen.moment);
  timers[0]?.then();
  expect(told).toContain('released worker_frozen');
  clock.nowMs = 122_000;
  strikes.see(planned(121_500));
  expect(strikes.faults).toMatchObject([{ letGo: true }]);
});

test('after a sandbox died, what begins in the next one tells that the task goes on, and nothing before', async () => {
  const keeper: PlannedFault = { kind: 'keeper_killed', moment: { at: 'model', iteration: 2 } };
  const { strikes, clock } = stage([keeper]);
  await strikes.reach(keeper.moment);
  clock.nowMs = 1700;
  strikes.see(planned(1600));
  expect(strikes.faults).toMatchObject([{ recoveredMs: null }]);
  await strikes.reach({ at: 'step', stepId: 'i2.a1' });
  expect(strikes.faults).toMatchObject([{ recoveredMs: 700 }]);
});

test('a fault with nothing to hit, and one whose moment never came, are told as not struck', async () => {
  const { strikes } = stage([killed, frozen], { strike: async () => {} });
  await strikes.reach(killed.moment);
  expect(strikes.faults).toEqual([]);
  expect(strikes.notStruck).toEqual([killed, frozen]);
});

test('after the end nothing strikes any more', async () => {
  const { strikes, told } = stage([killed]);
  await strikes.end();
  await strikes.reach(killed.moment);
  expect(told).toEqual([]);
  expect(strikes.notStruck).toEqual([killed]);
});

test('two faults at once strike one after the other', async () => {
  const order: string[] = [];
  const { strikes } = stage([killed, frozen], {
    async strike({ kind }) {
      order.push(`${kind} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${kind} ends`);
    },
  });
  await Promise.all([strikes.reach(killed.moment), strikes.reach(frozen.moment)]);
  expect(order).toEqual([
    'worker_killed begins',
    'worker_killed ends',
    'worker_frozen begins',
    'worker_frozen ends',
  ]);
});
