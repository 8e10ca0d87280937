import { z } from 'zod';
import { ActorSchema } from './approval.ts';
import type { Budget } from './budget.ts';
import { SawSchema } from './saw.ts';

/** What a person changes of a running task: the payload of the update `change`. Taken from the next plan on; at least one part is given. */
export const ChangeSchema = z.strictObject({
  /** What is left out stays; `maxUsd: null` takes the limit in money away. */
  budget: z
    .strictObject({
      maxUsd: z.number().positive().nullable().optional(),
      maxIterations: z.int().positive().optional(),
    })
    .nullable()
    .default(null),
  model: z.string().min(1).max(200).nullable().default(null),
  constraints: z
    .strictObject({
      /** At most 8,000 characters in all. */
      add: z.array(z.string().min(1).max(4000)).max(50),
      /** True: these instead of all that hold so far; an empty list then takes all away. */
      replace: z.boolean(),
    })
    .nullable()
    .default(null),
  by: ActorSchema,
  saw: SawSchema.nullable().optional(),
});
export type Change = z.infer<typeof ChangeSchema>;

/** What holds after a change. */
export interface Changed {
  readonly budget: Budget;
  readonly model: string;
  /** How many constraints hold. */
  readonly constraints: number;
  /** Approvals that are not asked any more because of it. */
  readonly withdrawn: readonly string[];
}
