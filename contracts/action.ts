import { z } from 'zod';
import { ActionIdSchema, CommitIdSchema, DigestSchema, TreeIdSchema } from './ids.ts';
import { actionKind } from './words/sets.ts';

export const PlanStepSchema = z.strictObject({
  step: z.string().min(1).max(300),
  status: z.enum(['pending', 'in_progress', 'completed']),
});
export type PlanStep = z.infer<typeof PlanStepSchema>;

/** What an action does, whole; stored as an artifact, named in history by its digest. */
export const ActionBodySchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('shell'),
    argv: z.array(z.string()).min(1),
    /** The shell text when `argv` is a shell with a line of text; null for a plain command. */
    line: z.string().nullable(),
    /** Relative to the workspace. */
    cwd: z.string(),
    timeoutMs: z.int().positive().nullable(),
    justification: z.string().nullable(),
  }),
  z.strictObject({ kind: z.literal('apply_patch'), patch: z.string() }),
  z.strictObject({
    kind: z.literal('update_plan'),
    steps: z.array(PlanStepSchema),
    explanation: z.string().nullable(),
  }),
  z.strictObject({ kind: z.literal('ask_human'), question: z.string().min(1) }),
  z.strictObject({
    kind: z.literal('deliver'),
    tree: TreeIdSchema,
    commit: CommitIdSchema,
    branch: z.string(),
    /** What a person should look at before they agree: weakened tests, protected paths. */
    concerns: z.array(z.string()),
  }),
  z.strictObject({ kind: z.literal('invalid'), reason: z.string() }),
]);
export type ActionBody = z.infer<typeof ActionBodySchema>;

/** An action as history names it. */
export const ActionSchema = z.strictObject({
  id: ActionIdSchema,
  kind: z.enum(actionKind),
  /** Of the canonical JSON (RFC 8785) of its body. */
  digest: DigestSchema,
  /** For people, one line, at most 160 characters, never used to decide anything. */
  summary: z.string().max(160),
});
export type Action = z.infer<typeof ActionSchema>;
