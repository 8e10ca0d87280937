import { z } from 'zod';
import type { Paid } from '../contracts/activities.ts';
import { TokenUsageSchema } from '../contracts/model-client.ts';
import type { Pulse } from './pulse.ts';

const PaidSchema = z.strictObject({ usage: TokenUsageSchema, costUsd: z.number().nonnegative().nullable() });
const KeptSchema = z.object({
  paid: PaidSchema,
  /** A response that goes on in the background: `request` names what it answers, `counted` says that `paid` holds it. */
  response: z
    .strictObject({ id: z.string().max(500), request: z.string().max(200), counted: z.boolean() })
    .nullable(),
});

/** What a try of a plan leaves to the next one, in its heartbeat. */
export type Kept = z.infer<typeof KeptSchema>;

export interface PlanKept {
  readonly now: Kept;
  keep(part: Partial<Kept>): void;
}

/**
 * Begins with what the try before has told the server, else with what the iteration had paid before this plan. What that try's worker had
 * not told when it died, within about a second, is not known.
 */
export function createPlanKept(before: Paid, pulse: Pick<Pulse, 'kept' | 'keep'>): PlanKept {
  const kept = KeptSchema.safeParse(pulse.kept);
  let now: Kept = kept.success ? kept.data : { paid: before, response: null };
  return {
    get now() {
      return now;
    },
    keep(part) {
      now = { ...now, ...part };
      pulse.keep(now);
    },
  };
}
