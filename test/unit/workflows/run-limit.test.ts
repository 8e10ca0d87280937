import { expect, test } from 'vitest';
import { newRunDue } from '../../../workflows/run-limit.ts';

test.each([
  { iterationsThisRun: 0, suggested: false, newVersion: false, due: false },
  { iterationsThisRun: 99, suggested: false, newVersion: false, due: false },
  { iterationsThisRun: 100, suggested: false, newVersion: false, due: true },
  { iterationsThisRun: 1, suggested: true, newVersion: false, due: true },
  { iterationsThisRun: 1, suggested: false, newVersion: true, due: true },
  // Where a run is held on its version, the next one finds the same: it has to get something done first.
  { iterationsThisRun: 0, suggested: false, newVersion: true, due: false },
])(
  'after $iterationsThisRun iterations, suggested $suggested, new version $newVersion: a new run is due $due',
  ({ iterationsThisRun, suggested, newVersion, due }) => {
    const server = { continueAsNewSuggested: suggested, targetWorkerDeploymentVersionChanged: newVersion };
    expect(newRunDue({ iterationsThisRun }, server)).toBe(due);
  },
);
