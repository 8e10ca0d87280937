import { z } from 'zod';
import type { Change } from '../../contracts/change.ts';
import { LonghaulError } from '../../contracts/error.ts';
import type { Saw } from '../../contracts/saw.ts';
import { CountSchema, JsonSchema } from './define-verb.ts';

export const ChangeOptionsSchema = z.strictObject({
  budgetUsd: z
    .string()
    .regex(/^(?:[0-9]+(?:\.[0-9]+)?|none)$/, 'expected an amount in USD, such as 5 or 2.50, or none')
    .transform((text) => (text === 'none' ? null : Number(text)))
    .refine((usd) => usd === null || usd > 0, 'expected more than 0')
    .optional(),
  maxIterations: CountSchema.optional(),
  model: z.string().trim().min(1, 'expected the name of a model').max(200).optional(),
  constraint: z.array(z.string().trim().min(1, 'expected a text').max(4000)).default([]),
  replaceConstraints: z.boolean().default(false),
  json: JsonSchema,
});
export type ChangeOptions = z.infer<typeof ChangeOptionsSchema>;

/** The change that the options ask for. Throws `usage.invalid` when they ask for none. */
export function changeOf(options: ChangeOptions, user: string, saw: Saw | null): Change {
  const { budgetUsd, maxIterations, model, constraint, replaceConstraints } = options;
  const budget = {
    ...(budgetUsd === undefined ? {} : { maxUsd: budgetUsd }),
    ...(maxIterations === undefined ? {} : { maxIterations }),
  };
  const change: Change = {
    budget: Object.keys(budget).length === 0 ? null : budget,
    model: model ?? null,
    constraints:
      constraint.length === 0 && !replaceConstraints
        ? null
        : { add: constraint, replace: replaceConstraints },
    by: { name: user, proof: 'os_user' },
    saw,
  };
  if (change.budget !== null || change.model !== null || change.constraints !== null) return change;
  throw new LonghaulError(
    'usage.invalid',
    'Say what to change: --budget-usd, --max-iterations, --model, --constraint or --replace-constraints.',
  );
}
