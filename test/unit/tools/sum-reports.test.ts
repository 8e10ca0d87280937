import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { sumReport, sumReports } from '../../../tools/sum-reports.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const file = (status: string, ...tests: string[]) => ({
  name: resolve('x.test.ts'),
  status,
  assertionResults: tests.map((each) => ({
    status: each,
    fullName: `it is ${each}`,
    failureMessages: each === 'failed' ? ['Error: no\n    at x'] : [],
  })),
});

const report = (numPassedTests: number, numFailedTests: number, ...testResults: object[]) =>
  JSON.stringify({ numPassedTests, numFailedTests, testResults });

test('passed and failed tests are counted', () => {
  expect(sumReport(report(2, 1, file('passed', 'passed'), file('failed', 'passed', 'failed')))).toMatchObject(
    {
      passed: 2,
      failed: 1,
    },
  );
});

test('what failed is named, with the beginning of why', () => {
  const { failures } = sumReport(report(1, 1, file('failed', 'passed', 'failed')));
  expect(failures).toEqual(['failed: x.test.ts: it is failed\n    Error: no\n        at x']);
});

test('a file that fails before its tests run is a failure', () => {
  expect(sumReport(report(1, 0, file('passed', 'passed'), file('failed')))).toMatchObject({
    passed: 1,
    failed: 1,
  });
});

test('a suite of which no test ran is a failure', () => {
  expect(sumReport(report(0, 0))).toMatchObject({ passed: 0, failed: 1 });
});

test('reports add up, and one that was never written is a failure', async () => {
  const directory = await temporaryDirectory();
  const written = join(directory, 'a.json');
  writeFileSync(written, report(3, 0, file('passed')));
  expect(sumReports([written, written])).toMatchObject({ passed: 6, failed: 0 });
  expect(sumReports([written, join(directory, 'none.json')])).toMatchObject({ passed: 3, failed: 1 });
});
