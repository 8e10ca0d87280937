import { existsSync, readFileSync } from 'node:fs';
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
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

export interface Sum {
  readonly passed: number;
  readonly failed: number;
}

/** What one report says. A file that fails before or beside its tests (an import, a hook) counts as one failure. */
export function sumReport(json: string): Sum {
  const report = ReportSchema.parse(JSON.parse(json));
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
}

function sumFile(file: string): Sum {
  // A run that wrote no report did not come to its end.
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  return sumReport(readFileSync(file, 'utf8'));
}

/** Adds the reports up. */
export function sumReports(files: readonly string[]): Sum {
  const sums = files.map(sumFile);
  const total = (key: keyof Sum) => sums.reduce((sum, report) => sum + report[key], 0);
  return { passed: total('passed'), failed: total('failed') };
}

// node tools/sum-reports.ts <report>…: the closing line of a CI run; fails when a test failed or none ran.
if (import.meta.main) {
  const { passed, failed } = sumReports(argv.slice(2));
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
