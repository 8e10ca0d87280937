import { expect, test } from 'vitest';
import { newRunDue } from '../../../workflows/run-limit.ts';

test.each([
  { iterationsThisRun: 0, suggested: false, due: false },
  { iterationsThisRun: 99, suggested: false, due: false },
  { iterationsThisRun: 100, suggested: false, due: true },
  { iterationsThisRun: 1, suggested: true, due: true },
])(
  'after $iterationsThisRun iterations, suggested $suggested: a new run is due $due',
  ({ iterationsThisRun, suggested, due }) => {
    expect(newRunDue({ iterationsThisRun }, suggested)).toBe(due);
  },
);
