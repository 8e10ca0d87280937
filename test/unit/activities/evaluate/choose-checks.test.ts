import { expect, test } from 'vitest';
import { type ChooseChecks, chooseChecks } from '../../../../activities/evaluate/choose-checks.ts';
import { check, required } from '../../../helpers/check-results.ts';

const checks = [required('quick'), required('slow', 'passed', 60_000), required('red', 'failed', 60_000)];
const all = { checks, depth: 'all', treeChanged: true, last: [] } as const;

test.each<[string, ChooseChecks, readonly string[]]>([
  ['all, those that failed first', all, ['red', 'quick', 'slow']],
  ['at the affected depth the failed and the quick ones', { ...all, depth: 'affected' }, ['red', 'quick']],
  ['none at no depth', { ...all, depth: 'none' }, []],
  [
    'the newest result says what failed and what is quick',
    { ...all, depth: 'affected', last: [check('slow', 'failed', 60_000), check('red', 'passed', 5)] },
    ['slow', 'quick', 'red'],
  ],
  [
    'a slow one that has become green waits for the end',
    { ...all, depth: 'affected', last: [check('red', 'passed', 60_000)] },
    ['quick'],
  ],
  [
    'a check that was not run last time counts as at the base',
    { ...all, depth: 'affected', last: [check('red', 'skipped')] },
    ['red', 'quick'],
  ],
  ['nothing on an unchanged tree', { ...all, depth: 'affected', treeChanged: false }, []],
  [
    'before "done", on an unchanged tree those that have no result',
    { ...all, treeChanged: false, last: [check('quick', 'passed'), check('slow', 'skipped')] },
    ['red', 'slow'],
  ],
  [
    'before "done", a failure on an unchanged tree stands',
    { ...all, treeChanged: false, last: checks.map(({ name }) => check(name, 'failed')) },
    [],
  ],
  [
    'before "done", one whose sandbox was lost is run again',
    {
      ...all,
      treeChanged: false,
      last: [check('quick', 'lost'), check('slow', 'timed_out'), check('red', 'failed')],
    },
    ['quick'],
  ],
])('%s', (_, input, expected) => {
  expect(chooseChecks(input).map(({ name }) => name)).toEqual(expected);
});
