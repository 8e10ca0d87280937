import { z } from 'zod';
import { LonghaulError } from '../../contracts/error.ts';
import type { TaskId } from '../../contracts/ids.ts';
import { refuseCredentials } from '../../contracts/repository-url.ts';
import { type Check, type TaskSpec, TaskSpecSchema } from '../../contracts/task.ts';
import { DurationSchema } from '../duration.ts';
import type { Platform } from '../platform.ts';
import { CountSchema, JsonSchema } from './define-verb.ts';
import { SandboxOptionSchema } from './sandbox-option.ts';

const texts = z.array(z.string().trim().min(1, 'expected a text')).default([]);

export const RunOptionsSchema = z.strictObject({
  repo: z.string().min(1).optional(),
  ref: z.string().min(1).optional(),
  check: texts,
  setup: texts,
  constraint: texts,
  path: texts,
  budgetUsd: z
    .string()
    .regex(/^[0-9]+(?:\.[0-9]+)?$/, 'expected an amount in USD, such as 5 or 2.50')
    .transform(Number)
    .refine((usd) => usd > 0, 'expected more than 0')
    .optional(),
  maxIterations: CountSchema.optional(),
  answerWithin: DurationSchema.optional(),
  policy: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  priority: z
    .string()
    .regex(/^[1-5]$/, 'expected a number from 1, the first, to 5, the last')
    .transform(Number)
    .optional(),
  sandbox: SandboxOptionSchema,
  includeChanges: z.boolean().default(false),
  detach: z.boolean().default(false),
  live: z.boolean().default(false),
  json: JsonSchema,
});
export type RunOptions = z.infer<typeof RunOptionsSchema>;

/** What the options leave open, found out. */
export interface RunFacts {
  readonly taskId: TaskId;
  readonly instruction: string;
  readonly repository: string;
  readonly policy: TaskSpec['policy'];
  readonly model: string;
}

/** The task as it is asked for. Throws `usage.invalid` for what is too long or too many. */
export function specOf(
  options: RunOptions,
  facts: RunFacts,
  platform: Pick<Platform, 'user' | 'defaults'>,
): TaskSpec {
  const parsed = TaskSpecSchema.safeParse({
    ...facts,
    ref: options.ref ?? null,
    includeChanges: options.includeChanges,
    checks: checksOf(options.check),
    setup: options.setup,
    constraints: options.constraint,
    paths: options.path,
    budget: {
      maxUsd: options.budgetUsd ?? null,
      maxIterations: options.maxIterations ?? platform.defaults.maxIterations,
    },
    requestedBy: platform.user,
    approvalTimeoutMs: options.answerWithin ?? platform.defaults.approvalTimeoutMs,
  });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new LonghaulError('usage.invalid', ['This task cannot be asked for:', ...problems].join('\n'));
}

/** A check is called by its command; a long one by its beginning and its place. */
function checksOf(commands: readonly string[]): readonly Check[] {
  return [...new Set(commands)].map((command, index) => ({
    name: command.length <= 200 ? command : `${command.slice(0, 180)}… (check ${index + 1})`,
    command,
  }));
}

const url = /^[a-z][a-z0-9+.-]*:\/\//i;
const scpLike = /^[^/\s:]+@[^/\s:]+:\S+$/;

/**
 * The repository as the worker is told it: a URL as it is, a folder as the top of the repository that holds it.
 * Throws `repository.not_found`, and `usage.invalid` for a URL with a password in it: it would stand in the task's history for good.
 */
export async function repositoryOf(
  given: string | undefined,
  platform: Pick<Platform, 'workingDirectory' | 'findRepository'>,
): Promise<string> {
  if (given !== undefined && (url.test(given) || scpLike.test(given))) {
    refuseCredentials(given);
    return given;
  }
  const found = await platform.findRepository(given ?? platform.workingDirectory);
  if (found !== null) return found;
  throw new LonghaulError(
    'repository.not_found',
    given === undefined
      ? `No git repository holds the folder ${platform.workingDirectory}. Go to one, or name one with --repo.`
      : `No git repository is at ${given}. Name its folder or its URL.`,
  );
}
