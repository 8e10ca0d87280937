import { z } from 'zod';
import { BudgetSchema } from './budget.ts';
import { DigestSchema, TaskIdSchema } from './ids.ts';

const line = z.string().min(1).max(4000);

/** A command that judges the workspace. */
export const CheckSchema = z.strictObject({
  /** Unique within a task; the command itself when a person gave none. */
  name: z.string().min(1).max(200),
  /** Run as `bash -c` at the root of the workspace. */
  command: line,
});
export type Check = z.infer<typeof CheckSchema>;

export const PolicyRefSchema = z.strictObject({
  /** A built-in policy's name, or the file's name. */
  name: z.string().min(1).max(200),
  /** The artifact that holds the policy; null for a built-in one. */
  digest: DigestSchema.nullable(),
});
export type PolicyRef = z.infer<typeof PolicyRefSchema>;

/** What a person asks for. At most 48 KiB as JSON. */
export const TaskSpecSchema = z.strictObject({
  taskId: TaskIdSchema,
  instruction: z.string().min(1).max(20_000),
  /** A path of the worker's machine or a git URL. */
  repository: z.string().min(1).max(2000),
  ref: z.string().min(1).max(500).nullable(),
  includeChanges: z.boolean(),
  /** Empty: those found in the repository. */
  checks: z.array(CheckSchema).max(20),
  setup: z.array(line).max(20),
  constraints: z.array(line).max(50),
  /** What the task is about, as paths of the repository; empty for all of it. */
  paths: z.array(z.string().min(1).max(500)).max(50),
  budget: BudgetSchema,
  policy: PolicyRefSchema,
  model: z.string().min(1).max(200),
  requestedBy: z.string().min(1).max(200),
  approvalTimeoutMs: z.int().positive(),
});
export type TaskSpec = z.infer<typeof TaskSpecSchema>;
