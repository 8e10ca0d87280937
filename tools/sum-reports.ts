import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { argv } from 'node:process';
import { z } from 'zod';

/** The part of Vitest's JSON report that counts. */
const ReportSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

/** Enough to see which cell and what was wrong with it. */
const maxWhyLines = 8;

export interface Sum {
  readonly passed: number;
  readonly failed: number;
  /** What failed, each with the beginning of why. */
  readonly failures: readonly string[];
}

/** What one report says. A file that fails before or beside its tests (an import, a hook) counts as one failure. */
export function sumReport(json: string): Sum {
  const report = ReportSchema.parse(JSON.parse(json));
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  );
  const failures = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => failureText(name, fullName, failureMessages?.[0])),
  );
  // A set-up that fails leaves a report without any file.
  const empty = report.testResults.length === 0;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length + (empty ? 1 : 0),
    failures: [
      ...failures,
      ...broken.map(({ name, message }) => failureText(name, 'as a file', message)),
      ...(empty ? ['failed: no test ran in one of the suites; what it said is above'] : []),
    ],
  };
}

function failureText(file: string, title: string, message = ''): string {
  const why = message.trim().split('\n').slice(0, maxWhyLines);
  return [`failed: ${relative(process.cwd(), file)}: ${title}`, ...why.map((line) => `    ${line}`)].join(
    '\n',
  );
}

function sumFile(file: string): Sum {
  // A run that wrote no report did not come to its end.
  if (!existsSync(file)) return { passed: 0, failed: 1, failures: [`failed: ${file} was not written`] };
  return sumReport(readFileSync(file, 'utf8'));
}

/** Adds the reports up. */
export function sumReports(files: readonly string[]): Sum {
  const sums = files.map(sumFile);
  const total = (key: 'passed' | 'failed') => sums.reduce((sum, report) => sum + report[key], 0);
  return {
    passed: total('passed'),
    failed: total('failed'),
    failures: sums.flatMap(({ failures }) => failures),
  };
}

// node tools/sum-reports.ts <report>…: what failed, and the closing line of a CI run; fails when a test failed or none ran.
if (import.meta.main) {
  const { passed, failed, failures } = sumReports(argv.slice(2));
  // Once more, since the middle of a long run's print is the first thing to be lost.
  if (failures.length > 0) console.log(`${failures.join('\n')}\n`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
