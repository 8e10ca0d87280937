import type { BaselineCheck } from '../../contracts/activities.ts';
import type { CheckResult } from '../../contracts/evaluation.ts';
import type { Next } from '../../contracts/words/sets.ts';

const replanAfter = 3;
const rollbackAfter = 6;
const askAfter = 9;

export interface NextFacts {
  readonly checks: readonly BaselineCheck[];
  readonly results: readonly CheckResult[];
  readonly progress: number;
  readonly failureSignature: string;
  readonly last: { readonly failureSignature: string; readonly progress: number } | null;
  readonly best: { readonly iteration: number; readonly progress: number } | null;
  readonly modelSaysDone: boolean;
  /** Whether any file differs from the base. */
  readonly changed: boolean;
  readonly treeChanged: boolean;
  readonly repeatedActions: boolean;
  /** Iterations in a row without progress, up to the one before. */
  readonly stuckFor: number;
}

export interface NextStep {
  readonly next: Next;
  readonly reason: string;
  readonly stuckFor: number;
}

/** What comes after an iteration. Pure: the results of the checks decide, the model's word only asks for all of them to be run. */
export function decideNext(facts: NextFacts): NextStep {
  const failing = failingChecks(facts.checks, facts.results);
  if (facts.modelSaysDone && failing.length === 0) {
    return facts.changed
      ? { next: 'deliver', reason: deliverReason(facts), stuckFor: 0 }
      : { next: 'stop', reason: 'the model ended without a change', stuckFor: 0 };
  }
  const sameFailure =
    failing.length > 0 && facts.treeChanged && facts.last?.failureSignature === facts.failureSignature;
  const stuckFor = isProgress(facts, failing) ? 0 : facts.stuckFor + 1;
  return (
    stuck(facts, stuckFor, sameFailure) ?? { next: 'continue', reason: goOnReason(facts, failing), stuckFor }
  );
}

/** The required checks that ran and did not pass, by name. */
export function failingChecks(
  checks: readonly BaselineCheck[],
  results: readonly CheckResult[],
): readonly string[] {
  const required = new Set(checks.filter((check) => check.required).map((check) => check.name));
  return results
    .filter((r) => required.has(r.name) && r.status !== 'passed' && r.status !== 'skipped')
    .map((r) => r.name);
}

function isProgress(facts: NextFacts, failing: readonly string[]): boolean {
  if (facts.repeatedActions) return false;
  if (facts.modelSaysDone) return false;
  if (!facts.treeChanged) return true;
  return failing.length === 0 || facts.progress > (facts.last?.progress ?? 0);
}

function stuck(facts: NextFacts, stuckFor: number, sameFailure: boolean): NextStep | null {
  if (stuckFor >= askAfter)
    return { next: 'ask', reason: `no progress for ${stuckFor} iterations`, stuckFor: 0 };
  if (stuckFor === rollbackAfter && facts.best !== null && facts.best.progress > facts.progress) {
    return {
      next: 'rollback',
      reason: `no progress for ${stuckFor} iterations, iteration ${facts.best.iteration} was better`,
      stuckFor,
    };
  }
  if (sameFailure && stuckFor > 0)
    return { next: 'replan', reason: 'the same checks failed the same way twice in a row', stuckFor };
  if (stuckFor > 0 && stuckFor % replanAfter === 0)
    return { next: 'replan', reason: `no progress for ${stuckFor} iterations`, stuckFor };
  return null;
}

function deliverReason({ checks, results }: NextFacts): string {
  if (checks.length === 0) return 'the model is done; no check is known that could judge it';
  const passed = results.filter((r) => r.status === 'passed').length;
  return `${passed} of ${checks.length} checks pass, and none that has to pass fails`;
}

function goOnReason(facts: NextFacts, failing: readonly string[]): string {
  if (failing.length > 0) return `failing: ${failing.join(', ')}`.slice(0, 500);
  return facts.results.some((r) => r.status === 'passed') ? 'the checks that ran pass' : 'no check ran';
}
