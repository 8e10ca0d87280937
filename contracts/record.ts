import { z } from 'zod';
import { ActionSchema } from './action.ts';
import { ApprovalRecordSchema } from './approval.ts';
import { DecisionSchema } from './decision.ts';
import { EvaluationSchema } from './evaluation.ts';
import {
  ApprovalIdSchema,
  CommitIdSchema,
  DigestSchema,
  LeaseIdSchema,
  TaskIdSchema,
  TreeIdSchema,
} from './ids.ts';
import { InterventionSchema } from './intervention.ts';
import { TokenUsageSchema } from './model-client.ts';
import { ObservationSchema } from './observation.ts';

export const CheckpointSchema = z.strictObject({
  before: TreeIdSchema,
  after: TreeIdSchema,
  commit: CommitIdSchema,
  /** Artifact: `{commit, parent, pack digest, digest of the checkpoint before}`; null when nothing changed. */
  manifestDigest: DigestSchema.nullable(),
  filesChanged: z.int().nonnegative(),
  linesChanged: z.int().nonnegative(),
  leftOut: z.array(z.strictObject({ path: z.string().max(500), reason: z.string() })).max(20),
});
export type Checkpoint = z.infer<typeof CheckpointSchema>;

export const PlanRecordSchema = z.strictObject({
  requestDigest: DigestSchema,
  toolsDigest: DigestSchema,
  instructionsDigest: DigestSchema,
  responseDigest: DigestSchema,
  model: z.string(),
  responseId: z.string(),
  /** Tries of the plan that gave this answer. */
  attempts: z.int().positive(),
  /** Of this answer, of a compaction before it, and of answers that could not be used. */
  usage: TokenUsageSchema,
  /** Item of the input from which on the provider's cache could not hit; null while the prefix grows only. */
  prefixChangedAt: z.int().nonnegative().nullable(),
  /** The transcript as it was before a compaction; null without one. */
  droppedDigest: DigestSchema.nullable(),
  costUsd: z.number().nonnegative().nullable(),
});
export type PlanRecord = z.infer<typeof PlanRecordSchema>;

/** An iteration's entry in the ledger: small facts and digests. Everything that audits, replays, reproduces or forks reads this. */
export const IterationRecordSchema = z.strictObject({
  schemaVersion: z.literal(1),
  taskId: TaskIdSchema,
  iteration: z.int().positive(),
  /** Digest of the record before; null for the first. */
  previous: DigestSchema.nullable(),
  workerVersion: z.string(),
  perceive: z.strictObject({
    contextDigest: DigestSchema,
    treeDigest: TreeIdSchema,
    baseCommit: CommitIdSchema,
  }),
  plan: PlanRecordSchema,
  sandbox: z.strictObject({
    backend: z.enum(['local', 'kubernetes']),
    imageDigest: DigestSchema,
    specDigest: DigestSchema,
    setupDigest: DigestSchema.nullable(),
    leaseId: LeaseIdSchema,
  }),
  actions: z.array(
    ActionSchema.extend({
      decision: DecisionSchema,
      approvalId: ApprovalIdSchema.nullable(),
      observation: ObservationSchema,
    }),
  ),
  approvals: z.array(ApprovalRecordSchema),
  steers: z.array(z.strictObject({ text: z.string(), by: z.string() })),
  /** Everything that people told the task since the record before, oldest first; absent in records of before there was a list. */
  interventions: z.array(InterventionSchema).optional(),
  /** How many more there were than a record holds: history has them. */
  interventionsLeftOut: z.int().nonnegative().optional(),
  checkpoint: CheckpointSchema,
  evaluate: EvaluationSchema,
  timing: z.strictObject({
    startedAtMs: z.int().nonnegative(),
    endedAtMs: z.int().nonnegative(),
    waitedForPeopleMs: z.int().nonnegative(),
  }),
});
export type IterationRecord = z.infer<typeof IterationRecordSchema>;
