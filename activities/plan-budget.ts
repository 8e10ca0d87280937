import type { Paid, PlanInput } from '../contracts/activities.ts';
import { LonghaulError } from '../contracts/error.ts';
import { type Draft, tokensOf } from './plan-request.ts';

/**
 * What the next calls may cost when that is more than what is left; null when it fits. A compaction is a call too, and a shorter one.
 * `paid` is what the iteration has cost up to now, the tries of this plan included. Throws `model.unknown_price`.
 */
export function overBudget(
  draft: Draft,
  { budget, usage, paid: counted }: PlanInput,
  paid: Paid,
  calls: 1 | 2,
): number | null {
  if (budget.maxUsd === null) return null;
  const each = draft.dialect.worstCaseUsd(tokensOf(draft));
  if (usage.costUsd === null || paid.costUsd === null) {
    throw new LonghaulError(
      'model.unknown_price',
      `the task has a budget of ${budget.maxUsd} USD, and what it has spent is not known: a model without a price was called before. Take the limit away (longhaul change --budget-usd none) and limit the iterations`,
    );
  }
  if (each === null) {
    throw new LonghaulError(
      'model.unknown_price',
      `the task has a budget of ${budget.maxUsd} USD, and this worker knows no price for the model ${draft.dialect.model}: give it one in models.yaml and start the worker again, or change the model or the budget (longhaul change --model, --budget-usd none)`,
    );
  }
  const spent = usage.costUsd + paid.costUsd - (counted.costUsd ?? 0);
  const worst = each * calls;
  return spent + worst > budget.maxUsd ? worst : null;
}
