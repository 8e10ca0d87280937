import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Budget, Usage } from '../../../contracts/budget.ts';
import { pace } from '../../../workflows/pace.ts';
import { budgetLeft } from '../../../workflows/plan-iteration.ts';

const ordinary = { iteration: 5, files: 300, stuckFor: 0, budgetLeft: 0.8 };

describe('pace', () => {
  test.each([
    ['staged at first', { iteration: 1 }, { maxActions: 6, effort: 'low', checkDepth: 'affected' }],
    [
      'still staged in the second',
      { iteration: 2 },
      { maxActions: 6, effort: 'low', checkDepth: 'affected' },
    ],
    [
      'free from the third on',
      { iteration: 3 },
      { maxActions: 12, effort: 'medium', checkDepth: 'affected' },
    ],
    ['careful on a large repository', { files: 20_000 }, { maxActions: 8 }],
    ['not yet careful one file below', { files: 19_999 }, { maxActions: 12 }],
    ['most careful early and large', { iteration: 1, files: 50_000 }, { maxActions: 4, effort: 'low' }],
    ['thinking more when an early try failed', { iteration: 2, stuckFor: 1 }, { effort: 'medium' }],
    ['deep when stuck', { stuckFor: 3 }, { effort: 'high', checkDepth: 'all' }],
    ['not yet deep', { stuckFor: 2 }, { effort: 'medium', checkDepth: 'affected' }],
    ['checking all when the budget ends', { budgetLeft: 0.09 }, { checkDepth: 'all' }],
    ['not yet at the end', { budgetLeft: 0.1 }, { checkDepth: 'affected' }],
  ])('is %s', (_, facts, expected) => {
    expect(pace({ ...ordinary, ...facts })).toMatchObject(expected);
  });

  test('never forbids all actions, and being stuck never makes it think less', () => {
    const facts = fc.record({
      iteration: fc.nat(5000),
      files: fc.nat(1_000_000),
      stuckFor: fc.nat(20),
      budgetLeft: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const order = ['low', 'medium', 'high'];
    fc.assert(
      fc.property(facts, (given) => {
        const calm = pace({ ...given, stuckFor: 0 });
        const now = pace(given);
        expect(now.maxActions).toBeGreaterThan(0);
        expect(order.indexOf(now.effort)).toBeGreaterThanOrEqual(order.indexOf(calm.effort));
      }),
    );
  });
});

describe('what is left of the budget', () => {
  const spent = (iterations: number, costUsd: number | null): Usage => ({
    iterations,
    modelCalls: 0,
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    costUsd,
    waitedForPeopleMs: 0,
  });
  test.each<[string, Budget, Usage, number]>([
    ['all at first', { maxUsd: 2, maxIterations: 10 }, spent(0, 0), 1],
    ['the iterations where they are tighter', { maxUsd: 2, maxIterations: 10 }, spent(9, 0.2), 0.1],
    ['the money where it is tighter', { maxUsd: 2, maxIterations: 10 }, spent(1, 1.5), 0.25],
    [
      'the iterations alone without a limit in money',
      { maxUsd: null, maxIterations: 10 },
      spent(5, 900),
      0.5,
    ],
    ['the iterations alone without a price', { maxUsd: 2, maxIterations: 10 }, spent(5, null), 0.5],
    ['never below nothing', { maxUsd: 2, maxIterations: 10 }, spent(12, 3), 0],
  ])('is %s', (_, budget, usage, left) => {
    expect(budgetLeft(budget, usage)).toBeCloseTo(left);
  });
});
