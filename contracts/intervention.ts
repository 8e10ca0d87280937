import { z } from 'zod';
import { ActorSchema } from './approval.ts';
import { SawSchema } from './saw.ts';

/** One thing that a person told a running task, taken or refused, as the ledger keeps it. */
export const InterventionSchema = z.strictObject({
  kind: z.enum(['steer', 'pause', 'resume', 'cancel', 'rollback', 'change', 'decide']),
  by: ActorSchema,
  atMs: z.int().nonnegative(),
  /** Null: the sender quoted nothing, as plain signals do. */
  saw: SawSchema.nullable(),
  /** What it names, cut: an answer and its approval, an iteration, how to cancel, what was changed, the beginning of a steer. */
  about: z.string().max(300),
  /** Why it was not taken; null when it was. */
  refused: z.string().max(500).nullable(),
});
export type Intervention = z.infer<typeof InterventionSchema>;
