import { describe, expect, test } from 'vitest';
import {
  decideNext,
  failingChecks,
  type NextFacts,
  type NextStep,
} from '../../../../activities/evaluate/decide-next.ts';
import { check, required } from '../../../helpers/check-results.ts';

const failing: NextFacts = {
  checks: [required('a'), required('b')],
  results: [check('a', 'passed'), check('b', 'failed')],
  progress: 0.5,
  failureSignature: 'b broke',
  last: { failureSignature: '', progress: 0.5 },
  best: null,
  modelSaysDone: false,
  changed: true,
  treeChanged: true,
  repeatedActions: false,
  stuckFor: 0,
};
const green: NextFacts = {
  ...failing,
  results: [check('a', 'passed'), check('b', 'passed')],
  progress: 1,
  failureSignature: '',
};
const optional = { ...required('old', 'failed'), required: false };

test.each<[string, NextFacts, Partial<NextStep>]>([
  ['done and green is delivered', { ...green, modelSaysDone: true }, { next: 'deliver', stuckFor: 0 }],
  [
    'done without a check is delivered, and says that nothing judged it',
    { ...green, checks: [], results: [], modelSaysDone: true },
    { next: 'deliver', reason: 'the model is done; no check is known that could judge it' },
  ],
  [
    'done without a change stops',
    { ...green, modelSaysDone: true, changed: false },
    { next: 'stop', reason: 'the model ended without a change' },
  ],
  ['green without the word done goes on', green, { next: 'continue', reason: 'the checks that ran pass' }],
  [
    'done while a check fails is not delivered, and counts as stuck',
    { ...failing, modelSaysDone: true, treeChanged: false },
    { next: 'continue', stuckFor: 1, reason: 'failing: b' },
  ],
  [
    'done while a required check did not run is not delivered',
    { ...green, results: [check('a', 'passed'), check('b', 'skipped')], modelSaysDone: true },
    { next: 'continue' },
  ],
  [
    'done while a required check has no result at all is not delivered',
    { ...green, results: [check('a', 'passed')], modelSaysDone: true },
    { next: 'continue' },
  ],
  [
    'done while the sandbox of a check was lost is not delivered',
    { ...green, results: [check('a', 'passed'), check('b', 'lost')], modelSaysDone: true },
    { next: 'continue' },
  ],
  [
    'a check that failed before the task does not hold delivery up',
    {
      ...green,
      checks: [required('a'), optional],
      results: [check('a', 'passed'), check('old', 'failed')],
      modelSaysDone: true,
    },
    { next: 'deliver', reason: '1 of 2 checks pass, and none that has to pass fails' },
  ],
  [
    'only such a check failing goes on and says so',
    { ...failing, checks: [optional], results: [check('old', 'failed')] },
    { reason: 'failing as before the task began: old' },
  ],
  ['a first failure goes on', failing, { next: 'continue', stuckFor: 1, reason: 'failing: b' }],
  [
    'the same failure twice is a change of approach',
    { ...failing, stuckFor: 1, last: { failureSignature: 'b broke', progress: 0.5 } },
    { next: 'replan', stuckFor: 2, reason: 'the same checks failed the same way twice in a row' },
  ],
  [
    'another failure is not',
    { ...failing, stuckFor: 1, last: { failureSignature: 'b broke otherwise', progress: 0.5 } },
    { next: 'continue', stuckFor: 2 },
  ],
  [
    'the same failure on an unchanged tree says nothing',
    { ...failing, treeChanged: false, last: { failureSignature: 'b broke', progress: 0.5 } },
    { next: 'continue', stuckFor: 0 },
  ],
  [
    'three iterations without progress are a change of approach',
    { ...failing, stuckFor: 2 },
    { next: 'replan', stuckFor: 3 },
  ],
  [
    'progress begins the count anew',
    { ...failing, stuckFor: 5, last: { failureSignature: 'x', progress: 0.2 } },
    { next: 'continue', stuckFor: 0 },
  ],
  ['so does green', { ...green, stuckFor: 5 }, { next: 'continue', stuckFor: 0 }],
  [
    'six go back to the best iteration when it was better',
    { ...failing, stuckFor: 5, best: { iteration: 4, progress: 0.9 } },
    { next: 'rollback', stuckFor: 6, reason: 'no progress for 6 iterations, iteration 4 was better' },
  ],
  [
    'six without a better one are a change of approach',
    { ...failing, stuckFor: 5, best: { iteration: 4, progress: 0.5 } },
    { next: 'replan', stuckFor: 6 },
  ],
  [
    'nine ask a person, and begin the count anew',
    { ...failing, stuckFor: 8 },
    { next: 'ask', stuckFor: 0, reason: 'no progress for 9 iterations' },
  ],
  [
    'looking around counts neither way',
    { ...failing, treeChanged: false, stuckFor: 2 },
    { next: 'continue', stuckFor: 2 },
  ],
  [
    'nor does it at three',
    { ...failing, treeChanged: false, stuckFor: 3 },
    { next: 'continue', stuckFor: 3 },
  ],
  [
    'repeating actions counts, also when nothing changes',
    { ...green, treeChanged: false, repeatedActions: true, stuckFor: 2 },
    { next: 'replan', stuckFor: 3 },
  ],
  [
    'nothing that ran goes on and says so',
    { ...green, results: [check('a', 'skipped'), check('b', 'skipped')] },
    { reason: 'no check ran' },
  ],
])('%s', (_, facts, expected) => {
  expect(decideNext(facts)).toMatchObject(expected);
});

test('a model that claims to be done for ever reaches a person', () => {
  let stuckFor = 0;
  const seen: string[] = [];
  for (let n = 1; n <= 9; n++) {
    const step = decideNext({
      ...failing,
      treeChanged: false,
      modelSaysDone: true,
      stuckFor,
      last: { failureSignature: 'b broke', progress: 0.5 },
    });
    ({ stuckFor } = step);
    seen.push(step.next);
  }
  expect(seen).toEqual([
    'continue',
    'continue',
    'replan',
    'continue',
    'continue',
    'replan',
    'continue',
    'continue',
    'ask',
  ]);
});

describe('the checks that fail', () => {
  test('are the required ones that ran and did not pass', () => {
    const checks = [required('a'), required('b'), required('c'), required('d'), optional];
    const results = [
      check('a', 'timed_out'),
      check('b', 'lost'),
      check('c', 'skipped'),
      check('d', 'passed'),
      check('old', 'failed'),
    ];
    expect(failingChecks(checks, results)).toEqual(['a', 'b']);
  });

  test('with long names still give a reason that fits', () => {
    const names = Array.from({ length: 20 }, (_, n) => `${n}${'😀'.repeat(90)}`);
    const { reason } = decideNext({
      ...failing,
      checks: names.map((name) => required(name)),
      results: names.map((name) => check(name, 'failed')),
    });
    expect(reason.length).toBeLessThanOrEqual(500);
    expect(reason.isWellFormed()).toBe(true);
  });
});
