import { z } from 'zod';
import { DigestSchema } from './ids.ts';
import { checkStatus, next } from './words/sets.ts';

export const CheckResultSchema = z.strictObject({
  name: z.string(),
  status: z.enum(checkStatus),
  exitCode: z.int().nullable(),
  outputDigest: DigestSchema.nullable(),
  durationMs: z.int().nonnegative(),
  /** The result of an earlier run on the same tree. */
  cached: z.boolean(),
});
export type CheckResult = z.infer<typeof CheckResultSchema>;

/** A thing that must not become "done" without a person: seen in the change, not in the model's words. */
export const ConcernSchema = z.strictObject({
  kind: z.enum([
    'test_removed',
    'test_skipped',
    'test_weakened',
    'check_changed',
    'protected_path',
    'large_deletion',
    'outside_paths',
  ]),
  path: z.string().max(500),
  detail: z.string().max(300),
});
export type Concern = z.infer<typeof ConcernSchema>;

export const EvaluationSchema = z.strictObject({
  checks: z.array(CheckResultSchema),
  /** Share of the checks that pass, 0 to 1. */
  progress: z.number().min(0).max(1),
  /** 1 when all checks ran on this tree, less when some were skipped. */
  confidence: z.number().min(0).max(1),
  concerns: z.array(ConcernSchema).max(20),
  next: z.enum(next),
  reason: z.string().max(500),
  /** Digest of which checks failed and how; equal twice means that nothing was learned. */
  failureSignature: z.string().max(80),
});
export type Evaluation = z.infer<typeof EvaluationSchema>;
