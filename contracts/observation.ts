import { z } from 'zod';
import { ActionIdSchema, DigestSchema } from './ids.ts';
import { observationStatus } from './words/sets.ts';

/** What one action gave. */
export const ObservationSchema = z.strictObject({
  actionId: ActionIdSchema,
  status: z.enum(observationStatus),
  exitCode: z.int().nullable(),
  /** The whole output; null when nothing ran. */
  outputDigest: DigestSchema.nullable(),
  outputBytes: z.int().nonnegative(),
  /** Why nothing ran, or what the platform did to it; empty otherwise. */
  note: z.string().max(4000),
  durationMs: z.int().nonnegative(),
});
export type Observation = z.infer<typeof ObservationSchema>;
