import { z } from 'zod';
import { DigestSchema } from './ids.ts';
import { decisionOutcome } from './words/sets.ts';

/** A rule that a person lets stand for the rest of a task. */
export const StandingRuleSchema = z.discriminatedUnion('kind', [
  /** Commands whose words begin with these. */
  z.strictObject({ kind: z.literal('shell'), prefix: z.array(z.string()).min(1) }),
  /** Patches that touch only these paths. */
  z.strictObject({ kind: z.literal('apply_patch'), paths: z.array(z.string()).min(1) }),
]);
export type StandingRule = z.infer<typeof StandingRuleSchema>;

/** What policy says of one action. */
export const DecisionSchema = z.strictObject({
  outcome: z.enum(decisionOutcome),
  /** `<policy>/<rule>`, or `standing/<n>`, `builtin/<name>`. */
  ruleId: z.string().max(200),
  policyDigest: DigestSchema,
  /** One sentence that a person and the model can read. */
  reason: z.string().max(500),
  /** What "let it stand for this task" would cover; null when that is not offered. */
  standingRule: StandingRuleSchema.nullable(),
});
export type Decision = z.infer<typeof DecisionSchema>;

/** What one rule says of one part of a command line: a command, or a path that it writes. */
export interface ExplainedPart extends Pick<Decision, 'outcome' | 'reason'> {
  /** What cannot be seen is escaped. */
  readonly part: string;
  readonly rule: string;
}

/** What a policy says of a command line; the strictest part decides. */
export interface ExplainedCommand extends Omit<ExplainedPart, 'part'> {
  readonly command: string;
  readonly parts: readonly ExplainedPart[];
}
