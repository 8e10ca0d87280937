import type { BaselineCheck } from '../../contracts/activities.ts';
import type { CheckResult } from '../../contracts/evaluation.ts';
import type { CheckDepth } from '../../contracts/words/sets.ts';

/** A check that took no longer than this is run at any depth. */
const quickMs = 10_000;

export interface ChooseChecks {
  readonly checks: readonly BaselineCheck[];
  readonly depth: CheckDepth;
  readonly treeChanged: boolean;
  /** Results on the tree before, by name; absent for a check that has not run since the baseline. */
  readonly last: readonly CheckResult[];
}

/** Whether a result says something about the tree: a check that was not run, or whose sandbox was lost, has still to be run. */
export function hasJudged({ status }: Pick<CheckResult, 'status'>): boolean {
  return status !== 'skipped' && status !== 'lost';
}

/** The checks that are worth running now, the failed ones first. On an unchanged tree those that have a result are not run again. */
export function chooseChecks({ checks, depth, treeChanged, last }: ChooseChecks): readonly BaselineCheck[] {
  const ran = (check: BaselineCheck) =>
    last.find((result) => result.name === check.name && hasJudged(result));
  const wanted = checks.filter((check) => {
    if (!treeChanged && ran(check)) return false;
    if (depth === 'all') return true;
    if (depth === 'none' || !treeChanged) return false;
    const before = ran(check) ?? check.baseline;
    return before.status !== 'passed' || before.durationMs <= quickMs;
  });
  const failedFirst = (check: BaselineCheck) => ((ran(check) ?? check.baseline).status === 'passed' ? 1 : 0);
  return wanted.toSorted((a, b) => failedFirst(a) - failedFirst(b));
}
