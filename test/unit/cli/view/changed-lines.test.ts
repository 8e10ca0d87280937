import { describe, expect, it } from 'vitest';
import { renderLines } from '../../../../cli/terminal/render.ts';
import { changedLines } from '../../../../cli/view/changed-lines.ts';
import type { Changed } from '../../../../contracts/change.ts';
import { taskId } from '../../../helpers/story-events.ts';

const changed: Changed = {
  budget: { maxIterations: 80, maxUsd: 10 },
  model: 'gpt-5.5',
  constraints: 2,
  withdrawn: [],
};
const shown = (more: Partial<Changed> = {}, columns = 80) =>
  renderLines(changedLines(taskId, { ...changed, ...more }), { columns, color: false });

describe('what holds after a change', () => {
  it('is told whole, also what was not changed', () => {
    expect(`\n${shown().join('\n')}\n`).toMatchInlineSnapshot(`
      "
      Changed fix-the-date-bug-abcde; from its next plan on:
        budget      80 iterations, $10.00
        model       gpt-5.5
        constraints 2
      "
    `);
  });

  it('names no limit and no constraint in words', () => {
    expect(shown({ budget: { maxIterations: 1, maxUsd: null }, constraints: 0 })).toEqual(
      expect.arrayContaining(['  budget      1 iteration, no limit in USD', '  constraints none']),
    );
  });

  it('says of every question that it is not asked any more', () => {
    expect(shown({ withdrawn: ['i3.budget', 'i3.a1'] }).slice(-2)).toEqual([
      '  not asked   i3.budget any more',
      '  not asked   i3.a1 any more',
    ]);
  });

  it('stays below its labels on a narrow terminal', () => {
    expect(
      `\n${shown({ model: 'a-provider/a-model-with-a-long-name' }, 40).join('\n')}\n`,
    ).toMatchInlineSnapshot(`
      "
      Changed fix-the-date-bug-abcde; from its
        next plan on:
        budget      80 iterations, $10.00
        model       a-provider/a-model-with-a-
                    long-name
        constraints 2
      "
    `);
  });
});
