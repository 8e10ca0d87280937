import type { Paid } from '../contracts/activities.ts';
import { LonghaulError } from '../contracts/error.ts';
import { type TokenUsage, usageOfUnused } from '../contracts/model-client.ts';
import type { ModelDialect } from '../contracts/model-dialect.ts';
import type { PlanKept } from './plan-kept.ts';
import { addPaid } from './usage.ts';

/** What the tries of one plan have paid, by the word of the provider. */
export interface PlanBill {
  /** All of the iteration: of its plans before this one, of this plan's failed tries, of this try. */
  readonly paid: Paid;
  /** Counts an answer; one that was counted before its worker died and was picked up again counts once. */
  add(dialect: ModelDialect, answer: { readonly responseId: string; readonly usage: TokenUsage }): void;
  /** Counts what a failed call has cost, and gives the error back. */
  addFailed(dialect: ModelDialect, error: unknown): unknown;
  /** The error with what was paid in its details, so that it counts when this was the last try. */
  told(error: unknown): unknown;
}

export function createPlanBill(before: Paid, kept: PlanKept): PlanBill {
  const add = (dialect: ModelDialect, usage: TokenUsage, response = kept.now.response) =>
    kept.keep({ paid: addPaid(kept.now.paid, usage, dialect.costUsd(usage)), response });
  return {
    get paid() {
      return kept.now.paid;
    },
    add(dialect, { responseId, usage }) {
      const { response } = kept.now;
      if (response?.id !== responseId) add(dialect, usage);
      else if (!response.counted) add(dialect, usage, { ...response, counted: true });
    },
    addFailed(dialect, error) {
      if (!(error instanceof LonghaulError)) return error;
      const usage = usageOfUnused(error.details);
      const counted = kept.now.response?.counted === true;
      if (error.details['responseEnded'] === true) kept.keep({ response: null });
      if (usage !== null && !counted) add(dialect, usage);
      return error;
    },
    told(error) {
      const { paid } = kept.now;
      if (!(error instanceof LonghaulError) || paid === before) return error;
      const { code, message, details, cause, retryAfterMs } = error;
      return new LonghaulError(code, message, {
        cause,
        details: { ...details, paid: JSON.stringify(paid) },
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    },
  };
}
