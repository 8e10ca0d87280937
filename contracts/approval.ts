import { z } from 'zod';
import { ActionBodySchema } from './action.ts';
import { DecisionSchema, StandingRuleSchema } from './decision.ts';
import { ActionIdSchema, ApprovalIdSchema, DigestSchema, TaskIdSchema, TreeIdSchema } from './ids.ts';
import { SawSchema } from './saw.ts';
import { approvalOutcome, approvalSubject, identityProof } from './words/sets.ts';

export const ActorSchema = z.strictObject({
  name: z.string().min(1).max(200),
  proof: z.enum(identityProof),
});
export type Actor = z.infer<typeof ActorSchema>;

/** Everything that a person is shown. An artifact: its digest is what the answer is bound to. */
export const ApprovalCardSchema = z.strictObject({
  approvalId: ApprovalIdSchema,
  taskId: TaskIdSchema,
  iteration: z.int().positive(),
  subject: z.enum(approvalSubject),
  title: z.string().max(300),
  /** More to read: the question, the fault, the check results behind a delivery. */
  details: z.array(z.string()),
  action: z.strictObject({ id: ActionIdSchema, digest: DigestSchema, body: ActionBodySchema }).nullable(),
  decision: DecisionSchema.nullable(),
  treeBefore: TreeIdSchema.nullable(),
  requestedBy: z.string(),
  expiresAtMs: z.int().positive(),
});
export type ApprovalCard = z.infer<typeof ApprovalCardSchema>;

/** An approval that waits, as the task's state and history name it. */
export const PendingApprovalSchema = z.strictObject({
  approvalId: ApprovalIdSchema,
  subject: z.enum(approvalSubject),
  actionId: ActionIdSchema.nullable(),
  /** Digest of the card: an answer must quote it. */
  digest: DigestSchema,
  title: z.string().max(300),
  openedAtMs: z.int().nonnegative(),
  expiresAtMs: z.int().positive(),
  /** Whether a plain Temporal signal, which proves nobody, is taken as an answer. */
  acceptsSignals: z.boolean(),
  standingRule: StandingRuleSchema.nullable(),
});
export type PendingApproval = z.infer<typeof PendingApprovalSchema>;

/** A person's answer: the payload of the update `decide` and of the signal `decision`. */
export const AnswerSchema = z.strictObject({
  approvalId: ApprovalIdSchema,
  digest: DigestSchema,
  outcome: z.enum(['granted', 'rejected', 'edited']),
  /** Read by the model when rejected; the answer itself when the subject is a question. */
  reason: z.string().max(4000).default(''),
  scope: z.enum(['once', 'task']).default('once'),
  /** The changed action's artifact; needed when edited. */
  editedDigest: DigestSchema.nullable().default(null),
  by: ActorSchema.default({ name: 'unknown', proof: 'signal' }),
  /** What the sender's screen was based on; left out by plain signals. */
  saw: SawSchema.nullable().optional(),
});
export type Answer = z.infer<typeof AnswerSchema>;

/** What the ledger keeps of an approval. */
export const ApprovalRecordSchema = z.strictObject({
  approvalId: ApprovalIdSchema,
  subject: z.enum(approvalSubject),
  actionId: ActionIdSchema.nullable(),
  digest: DigestSchema,
  /** `withdrawn`: what was asked about has changed, so that nobody is asked any more. */
  outcome: z.enum(approvalOutcome),
  scope: z.enum(['once', 'task']),
  editedDigest: DigestSchema.nullable(),
  reason: z.string().max(4000),
  by: ActorSchema,
  openedAtMs: z.int().nonnegative(),
  decidedAtMs: z.int().nonnegative(),
});
export type ApprovalRecord = z.infer<typeof ApprovalRecordSchema>;
