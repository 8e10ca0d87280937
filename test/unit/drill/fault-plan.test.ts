import fc from 'fast-check';
import { expect, test } from 'vitest';
import { faultKinds } from '../../../contracts/drill.ts';
import { momentKey, planFaults, strikesAt } from '../../../drill/fault-plan.ts';
import { moments } from '../../helpers/drill-fixture.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test('the same seed gives the same faults at the same moments, and another seed others', () => {
  const plan = (seed: number) => JSON.stringify(planFaults(moments, { faults: 6, seed }));
  expect(plan(7)).toBe(plan(7));
  expect(new Set([1, 2, 3, 4, 5].map(plan)).size).toBeGreaterThan(1);
});

test('exactly as many faults are planned as are wanted, each at a moment where its kind can strike, no moment twice in a run', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 40 }), (seed, faults) => {
      const runs = planFaults(moments, { faults, seed });
      expect(runs.flat()).toHaveLength(faults);
      expect(runs.flat().filter(({ kind, moment }) => !strikesAt(kind, moment))).toEqual([]);
      for (const run of runs) {
        expect(new Set(run.map(({ moment }) => momentKey(moment))).size).toBe(run.length);
        const places = run.map(({ moment }) => moments.indexOf(moment));
        expect(places).toEqual([...places].sort((a, b) => a - b));
      }
    }),
  );
});

test('six faults are of six kinds', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const kinds = planFaults(moments, { faults: faultKinds.length, seed })
        .flat()
        .map(({ kind }) => kind);
      expect(new Set(kinds)).toEqual(new Set(faultKinds));
    }),
  );
});

test('a keeper is never killed while a command runs, and only a running answer can be dropped', () => {
  const kinds = (at: 'model' | 'step' | 'approval' | 'delivery') =>
    faultKinds.filter((kind) => moments.some((moment) => moment.at === at && strikesAt(kind, moment)));
  expect(kinds('step')).not.toContain('keeper_killed');
  expect(kinds('delivery')).not.toContain('keeper_killed');
  expect(kinds('approval')).not.toContain('stream_dropped');
  expect(kinds('model')).toEqual(faultKinds);
});

test('a story without a moment has no faults, and planning them comes to an end', () => {
  expect(planFaults([], { faults: 5, seed: 1 })).toEqual([]);
  const onlySteps = [{ at: 'step', stepId: 'i1.a1' }] as const;
  expect(planFaults(onlySteps, { faults: 3, seed: 1 }).flat()).toHaveLength(3);
});
