import { describe, expect, it } from 'vitest';
import { outputsOf } from '../../../../cli/view/outputs.ts';
import { check, evaluation, event, wholeStory } from '../../../helpers/story-events.ts';

const { opening, ending } = wholeStory();

describe('the outputs that a task has kept', () => {
  it('are those of its actions and checks, in order, with their iteration', () => {
    const found = outputsOf([...opening, ...ending]).map(({ iteration, actionId, title, status }) =>
      [iteration, actionId ?? 'check', title, status].join(' '),
    );
    expect(found).toEqual([
      '0 check npm test failed',
      '0 check types passed',
      '1 i1.a0 npm test -- invoice failed',
      '1 check npm test failed',
      '1 check types passed',
      '2 check npm test passed',
      '2 check types passed',
      '2 check npm test passed',
      '2 check types passed',
    ]);
  });

  it('are not repeated for a check that was not run again', () => {
    const checks = [{ ...check('types', 'passed'), cached: true }, check('tests', 'skipped')];
    expect(
      outputsOf([event(1, { type: 'iteration.evaluated', evaluation: evaluation(checks, {}) })]),
    ).toEqual([]);
  });
});
