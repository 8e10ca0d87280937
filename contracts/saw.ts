import { z } from 'zod';
import { DigestSchema } from './ids.ts';

/** What the sender's screen was based on: the newest iteration and the ledger's head at that moment, null before the first record. */
export const SawSchema = z.strictObject({
  iteration: z.int().nonnegative(),
  head: DigestSchema.nullable(),
});
export type Saw = z.infer<typeof SawSchema>;
