import type { CheckResult } from '../../contracts/evaluation.ts';
import { type Line, lineAt, type Span, tone } from '../terminal/line.ts';
import { formatDuration } from './format.ts';
import { baselineOf, type TaskView } from './task-view.ts';

/** One line a check: how it did, and whether that is new. */
export function checkLines(indent: number, view: TaskView, checks: readonly CheckResult[]): readonly Line[] {
  return checks.map((result) =>
    lineAt(
      indent,
      ...markOf(result),
      result.name,
      ...against(result, baselineOf(view, result.name)),
      ...timeOf(result),
    ),
  );
}

/** `2 of 3 checks pass`. */
export function checksSummary(checks: readonly CheckResult[]): Span {
  const passed = checks.filter((check) => check.status === 'passed').length;
  const all = passed === checks.length;
  return tone(all ? 'good' : 'plain', `${passed} of ${checks.length} checks pass`);
}

function markOf(result: CheckResult): readonly Span[] {
  if (result.status === 'passed') return [tone('good', '✓ passed  ')];
  if (result.status === 'skipped') return [tone('dim', '· skipped ')];
  const word = result.status === 'timed_out' ? 'timed out ' : `${result.status} `;
  return [tone('bad', `✗ ${word.padEnd(8)}`)];
}

function against(result: CheckResult, baseline: CheckResult | undefined): readonly Span[] {
  if (baseline === undefined || result.status === 'skipped') return [];
  const passes = result.status === 'passed';
  const passed = baseline.status === 'passed';
  if (passes) return passed ? [] : [tone('good', ', it failed before the task')];
  return passed ? [tone('bad', ', it passed before the task')] : [tone('dim', ', as before the task')];
}

function timeOf(result: CheckResult): readonly Span[] {
  if (result.status === 'skipped') return [];
  if (result.cached) return [tone('dim', ' · same tree as before')];
  return [tone('dim', ` · ${formatDuration(result.durationMs)}`)];
}
