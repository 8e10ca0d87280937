import type { BaselineCheck } from '../../contracts/activities.ts';
import type { CheckResult } from '../../contracts/evaluation.ts';
import type { Next } from '../../contracts/words/sets.ts';
import { cutText } from '../cut-text.ts';

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
  if (facts.modelSaysDone && unproven(facts).length === 0) {
    return facts.changed
      ? { next: 'deliver', reason: deliverReason(facts), stuckFor: facts.stuckFor }
      : { next: 'stop', reason: 'the model ended without a change', stuckFor: 0 };
  }
  const sameFailure =
    facts.failureSignature !== '' &&
    facts.treeChanged &&
    facts.last?.failureSignature === facts.failureSignature;
  const stuckFor = countStuck(facts);
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

/** The required checks that have not passed, those that did not run among them: "done" takes each of them. */
function unproven({ checks, results }: NextFacts): readonly string[] {
  const passed = new Set(results.filter((r) => r.status === 'passed').map((r) => r.name));
  return checks.filter((check) => check.required && !passed.has(check.name)).map((check) => check.name);
}

/** Looking around is neither progress nor its lack; doing the same again, and claiming to be done while a check fails, is lack of it. */
function countStuck(facts: NextFacts): number {
  if (facts.repeatedActions || facts.modelSaysDone) return facts.stuckFor + 1;
  if (!facts.treeChanged) return facts.stuckFor;
  const progress = facts.failureSignature === '' || facts.progress > (facts.last?.progress ?? 0);
  return progress ? 0 : facts.stuckFor + 1;
}

function stuck(facts: NextFacts, stuckFor: number, sameFailure: boolean): NextStep | null {
  if (stuckFor <= facts.stuckFor) return null;
  if (stuckFor >= askAfter)
    return { next: 'ask', reason: `no progress for ${stuckFor} iterations`, stuckFor: 0 };
  if (stuckFor === rollbackAfter && facts.best !== null && facts.best.progress > facts.progress) {
    return {
      next: 'rollback',
      reason: `no progress for ${stuckFor} iterations, iteration ${facts.best.iteration} was better`,
      stuckFor,
    };
  }
  if (sameFailure)
    return { next: 'replan', reason: 'the same checks failed the same way twice in a row', stuckFor };
  if (stuckFor % replanAfter === 0)
    return { next: 'replan', reason: `no progress for ${stuckFor} iterations`, stuckFor };
  return null;
}

function deliverReason({ checks, results }: NextFacts): string {
  if (checks.length === 0) return 'the model is done; no check is known that could judge it';
  const passed = results.filter((r) => r.status === 'passed').length;
  return `${passed} of ${checks.length} checks pass, and none that has to pass fails`;
}

function goOnReason(facts: NextFacts, failing: readonly string[]): string {
  const red = facts.results.filter((r) => r.status !== 'passed' && r.status !== 'skipped').map((r) => r.name);
  if (failing.length > 0) return cutText(`failing: ${failing.join(', ')}`, 500);
  if (red.length > 0) return cutText(`failing as before the task began: ${red.join(', ')}`, 500);
  return facts.results.some((r) => r.status === 'passed') ? 'the checks that ran pass' : 'no check ran';
}
