import { z } from 'zod';

export const BudgetSchema = z.strictObject({
  /** Null: no limit in money. */
  maxUsd: z.number().positive().nullable(),
  maxIterations: z.int().positive(),
});
export type Budget = z.infer<typeof BudgetSchema>;

export const UsageSchema = z.strictObject({
  iterations: z.int().nonnegative(),
  /** Answers of the model that the task went on with. Tokens and cost count every answer that was paid. */
  modelCalls: z.int().nonnegative(),
  inputTokens: z.int().nonnegative(),
  cachedTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  /** Null as soon as one call's price is unknown. */
  costUsd: z.number().nonnegative().nullable(),
  waitedForPeopleMs: z.number().nonnegative(),
});
export type Usage = z.infer<typeof UsageSchema>;
