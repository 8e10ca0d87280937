import { z } from 'zod';

/** A task's id: also its Temporal Workflow Id and the end of its branch name. */
export const TaskIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected a task id: lower-case letters, digits and dashes')
  .brand<'TaskId'>();
export type TaskId = z.infer<typeof TaskIdSchema>;

/** `<task id>.<n>`: n counts the sandboxes that this task has used, from 1. `.setup` behind it: where a lease's setup runs by itself. */
export const LeaseIdSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}\.(?:[0-9]+|verify-[0-9]+)(?:\.setup)?$/,
    'expected a lease id: <task id>.<number>',
  )
  .brand<'LeaseId'>();
export type LeaseId = z.infer<typeof LeaseIdSchema>;

/** `i<iteration>.a<index>`: unique within a task, stable over retries, continue-as-new and rollback. */
export const ActionIdSchema = z
  .string()
  .regex(/^i[0-9]+\.(?:a[0-9]+|deliver)$/)
  .brand<'ActionId'>();
export type ActionId = z.infer<typeof ActionIdSchema>;

/** Names a command in a sandbox. The same id never runs twice in one lease. */
export const StepIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,99}$/i)
  .brand<'StepId'>();
export type StepId = z.infer<typeof StepIdSchema>;

export const ApprovalIdSchema = z
  .string()
  .regex(/^[a-z0-9._-]{1,80}$/)
  .brand<'ApprovalId'>();
export type ApprovalId = z.infer<typeof ApprovalIdSchema>;

/** SHA-256 of an artifact's bytes. */
export const DigestSchema = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'expected a digest: sha256:<64 hex digits>')
  .brand<'Digest'>();
export type Digest = z.infer<typeof DigestSchema>;

const gitObject = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'expected a git object name');
export const CommitIdSchema = gitObject.brand<'CommitId'>();
export type CommitId = z.infer<typeof CommitIdSchema>;
export const TreeIdSchema = gitObject.brand<'TreeId'>();
export type TreeId = z.infer<typeof TreeIdSchema>;
