import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TaskId } from '../../../contracts/ids.ts';
import type { TaskState } from '../../../contracts/task-state.ts';
import { initialState } from '../../../workflows/initial-state.ts';
import type { StateChange } from '../../../workflows/state-change.ts';
import { applyChange } from '../../../workflows/task-state.ts';
import { fakeSpec } from '../../helpers/fake-facts.ts';
import { anyChange, changeTypes } from './arbitrary-changes.ts';

const start = initialState(fakeSpec('round-the-cents' as TaskId));
const stateAfter = (changes: readonly StateChange[], from = start) => changes.reduce(applyChange, from);
const manyChanges = fc.array(anyChange, { maxLength: 30 });

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}

describe('whatever happens to a task', () => {
  test('its state goes through continue-as-new unchanged, each field of it', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(manyChanges, (changes) => {
        for (const change of changes) seen.add(change.type);
        const state = stateAfter(changes);
        expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state);
        expect(Object.keys(state).sort()).toEqual(Object.keys(start).sort());
      }),
      { numRuns: 300 },
    );
    expect([...seen].sort()).toEqual([...changeTypes].sort());
  });

  test('a change makes a new state and touches neither the old one nor what it was told', () => {
    fc.assert(
      fc.property(manyChanges, anyChange, (changes, change) => {
        const before = frozen(stateAfter(changes));
        const once = applyChange(before, frozen(change));
        expect(applyChange(before, change)).toStrictEqual(once);
      }),
      { numRuns: 200 },
    );
  });

  test('what people said and were not yet answered is never dropped but by what has read it', () => {
    const reading = new Set(['planned', 'recorded', 'finished', 'answered', 'rolled_back', 'budget_raised']);
    fc.assert(
      fc.property(manyChanges, anyChange, (changes, change) => {
        const before = stateAfter(changes);
        const now = applyChange(before, change);
        if (reading.has(change.type)) return;
        expect(now.steers.slice(0, before.steers.length)).toEqual(before.steers);
        expect(now.notices.slice(0, before.notices.length)).toEqual(before.notices);
        expect(now.approvals).toEqual(before.approvals);
        expect(now.pending.slice(0, before.pending.length)).toEqual(before.pending);
        if (change.type !== 'rollback_requested') expect(now.rollbackTo).toBe(before.rollbackTo);
      }),
      { numRuns: 300 },
    );
  });
});

const steer = (text: string): StateChange => ({ type: 'steered', steer: { text, by: 'ann' } });
const planned = (steersRead: number, noticesRead = 0): StateChange => ({
  type: 'planned',
  transcript: { digest: start.taskId as never, items: 1, tokens: 1, dialect: 'a' },
  steps: null,
  usage: start.usage,
  model: 'm',
  steersRead,
  noticesRead,
});

describe('state', () => {
  test('keeps what came while the model answered', () => {
    const state = stateAfter([steer('one'), steer('two'), planned(1)]);
    expect(state.steers.map((s) => s.text)).toEqual(['two']);
  });

  test('keeps the plan when the model did not change it', () => {
    const steps = [{ step: 'look', status: 'pending' as const }];
    const state = stateAfter([{ ...planned(0), steps } as StateChange, planned(0)]);
    expect(state.steps).toEqual(steps);
  });

  test('keeps no more than the last five refusals', () => {
    const refusals = Array.from({ length: 9 }, (_, n): StateChange => {
      return { type: 'answer_refused', approvalId: `i${n}.a0`, reason: '', atMs: n };
    });
    expect(stateAfter(refusals).refusals.map((refusal) => refusal.atMs)).toEqual([4, 5, 6, 7, 8]);
  });

  test('counts iterations of the run anew after continue-as-new, and those of the task on', () => {
    const begun: StateChange = { type: 'iteration_started' };
    const state = stateAfter([begun, begun, { type: 'continued_as_new' }, begun]);
    expect(state).toMatchObject({ iteration: 3, iterationsThisRun: 1 });
  });

  test('waits as long as any question is open, and is paused only while it is held', () => {
    const status = (changes: readonly StateChange[], from?: TaskState) => stateAfter(changes, from).status;
    const running: TaskState = { ...start, status: 'running' };
    expect(status([{ type: 'paused' }], running)).toBe('running');
    expect(status([{ type: 'paused' }, { type: 'held' }], running)).toBe('paused');
    expect(status([{ type: 'paused' }, { type: 'held' }, { type: 'resumed' }], running)).toBe('running');
    expect(status([{ type: 'resumed' }], { ...start, status: 'waiting' })).toBe('waiting');
  });
});
