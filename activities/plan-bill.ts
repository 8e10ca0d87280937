import { z } from 'zod';
import type { Paid } from '../contracts/activities.ts';
import { LonghaulError } from '../contracts/error.ts';
import { type TokenUsage, TokenUsageSchema, usageOfUnused } from '../contracts/model-client.ts';
import type { ModelDialect } from '../contracts/model-dialect.ts';
import type { Pulse } from './pulse.ts';
import { addPaid } from './usage.ts';

/** What the tries of one plan have paid, by the word of the provider. */
export interface PlanBill {
  /** All of the iteration: of its plans before this one, of this plan's failed tries, of this try. */
  readonly paid: Paid;
  add(dialect: ModelDialect, usage: TokenUsage): void;
  /** Counts what a failed call has cost, and gives the error back. */
  addFailed(dialect: ModelDialect, error: unknown): unknown;
  /** The error with what was paid in its details, so that it counts when this was the last try. */
  told(error: unknown): unknown;
}

const PaidSchema = z.strictObject({ usage: TokenUsageSchema, costUsd: z.number().nonnegative().nullable() });
const KeptSchema = z.object({ paid: PaidSchema });

/**
 * Begins with what the try before has told the server. What that try's worker had not told when it died is not counted: at most one call,
 * of the last second.
 */
export function createPlanBill(before: Paid, pulse: Pick<Pulse, 'kept' | 'keep'>): PlanBill {
  const kept = KeptSchema.safeParse(pulse.kept);
  let paid: Paid = kept.success ? kept.data.paid : before;
  const add = (dialect: ModelDialect, usage: TokenUsage) => {
    paid = addPaid(paid, usage, dialect.costUsd(usage));
    pulse.keep({ paid });
  };
  return {
    get paid() {
      return paid;
    },
    add,
    addFailed(dialect, error) {
      const usage = error instanceof LonghaulError ? usageOfUnused(error.details) : null;
      if (usage !== null) add(dialect, usage);
      return error;
    },
    told(error) {
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
