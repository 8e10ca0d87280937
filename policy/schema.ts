import { z } from 'zod';

const word = z.string().min(1).max(500);
const short = z.string().min(1).max(300);

/** What a word may be: any text, a number, a relative path inside the workspace that is read, one that is written, or `re:<expression>`, which must match all of it. */
const WordKindSchema = z
  .string()
  .min(1)
  .max(500)
  .refine((kind) => ['text', 'number', 'path', 'write'].includes(kind) || isExpression(kind), {
    error: 'expected text, number, path, write or re:<regular expression>',
  });

/** The words after a rule's prefix, all of them: what is not listed does not fit. */
export const ShapeSchema = z.strictObject({
  /** Options without a value; short ones may be given together. */
  options: z.array(word).max(200).default([]),
  /** Options with a value, and what the value may be. */
  values: z.record(word, WordKindSchema).default({}),
  /** The first operands, in order; each may be missing. */
  operands: z.array(WordKindSchema).max(20).default([]),
  /** How many operands there must be. */
  atLeast: z.int().nonnegative().max(20).default(0),
  /** All further operands; without it there may be none. */
  rest: WordKindSchema.nullable().default(null),
});
export type Shape = z.infer<typeof ShapeSchema>;

const RuleIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,79}$/, {
  error: 'expected an id of lower-case letters, digits and dashes',
});
const examples = z.array(z.string().min(1).max(2000)).max(50).default([]);

const shellParts = z.strictObject({
  /** The first words of a command; a list at a place means one of these. */
  shell: z
    .array(z.union([word, z.array(word).min(1).max(200)]))
    .min(1)
    .max(10),
  /** At least one of these options is among the further words. */
  having: z.array(word).max(50).default([]),
  /** None of these options is among the further words. */
  lacking: z.array(word).max(50).default([]),
  only: ShapeSchema.nullable().default(null),
  unless: ShapeSchema.nullable().default(null),
  /** Only for a command that runs in the workspace's root. */
  atRoot: z.boolean().default(false),
});

const pathParts = z.strictObject({
  path: z
    .union([short, z.array(short).min(1).max(200)])
    .transform((globs) => (typeof globs === 'string' ? [globs] : globs)),
});

const kindParts = z.strictObject({
  kind: z.enum(['shell', 'apply_patch', 'ask_human', 'deliver']),
  /** `none`: only a delivery that nothing is to be said about. */
  concerns: z.literal('none').nullable().default(null),
  /** Only a patch that deletes more files than this. */
  deletesOver: z.int().nonnegative().nullable().default(null),
});

const common = { id: RuleIdSchema.optional(), reason: short.optional(), match: examples, notMatch: examples };

export const ShellRuleFileSchema = shellParts.extend(common);
export const PathRuleFileSchema = pathParts.extend(common);
export const KindRuleFileSchema = kindParts
  .extend({ id: common.id, reason: common.reason })
  .refine((rule) => rule.concerns === null || rule.kind === 'deliver', {
    error: '"concerns" belongs to kind: deliver',
  })
  .refine((rule) => rule.deletesOver === null || rule.kind === 'apply_patch', {
    error: '"deletesOver" belongs to kind: apply_patch',
  });

export const RuleFileSchema = z.looseObject({}).transform((rule, context) => {
  const chosen = (['shell', 'path', 'kind'] as const).filter((key) => key in rule);
  const [only] = chosen;
  if (only === undefined || chosen.length > 1) {
    const found = chosen.length === 0 ? Object.keys(rule).join(', ') || 'nothing' : chosen.join(' and ');
    context.addIssue(`expected a rule with exactly one of "shell", "path" and "kind", found ${found}`);
    return z.NEVER;
  }
  const parsed = ruleSchemas[only].safeParse(rule, { reportInput: true });
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) context.addIssue({ ...issue, path: [...issue.path] });
  return z.NEVER;
});

const ruleSchemas = {
  shell: ShellRuleFileSchema,
  path: PathRuleFileSchema,
  kind: KindRuleFileSchema,
} as const;
const rules = z.array(RuleFileSchema).max(500).default([]);

/** A host that setup commands may reach: a name, or `*.` and a name. */
const HostSchema = z.string().regex(/^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/, {
  error: 'expected a host name such as packages.example.com or *.example.org',
});
const hosts = z.array(HostSchema).max(200).default([]);

export const builtInNames = ['default', 'careful', 'strict', 'sandboxed'] as const;
export type BuiltInName = (typeof builtInNames)[number];

const PolicyNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,59}$/, {
    error: 'expected a name of lower-case letters, digits, dots and dashes',
  })
  .refine((name) => !['builtin', 'standing'].includes(name), {
    error: 'the names builtin and standing are taken',
  });

/** A policy as a person writes it. */
export const PolicyFileSchema = z.strictObject({
  version: z.literal(1),
  name: PolicyNameSchema,
  /** The built-in policy whose rules are there as well. */
  extends: z.enum(builtInNames).optional(),
  /** Rules of that policy, by id, that are left out. */
  without: z.array(RuleIdSchema).max(100).default([]),
  allow: rules,
  ask: rules,
  deny: rules,
  setup: z.strictObject({ hosts }).default({ hosts: [] }),
  approvals: z
    .strictObject({
      /** Whether a plain Temporal signal, which proves nobody, is taken as an answer. */
      acceptSignals: z.boolean().optional(),
      timeoutHours: z.number().positive().max(8760).optional(),
    })
    .default({}),
});
export type PolicyFile = z.infer<typeof PolicyFileSchema>;
export type PolicyFileInput = z.input<typeof PolicyFileSchema>;

const decided = {
  /** `<policy>/<rule>`, as decisions quote it. */
  id: z.string().min(3).max(200),
  effect: z.enum(['allow', 'ask', 'deny']),
  reason: short.nullable(),
};
export const ShellRuleSchema = shellParts.extend({ type: z.literal('shell'), ...decided });
export const PathRuleSchema = z.strictObject({
  type: z.literal('path'),
  path: z.array(short).min(1),
  ...decided,
});
export const KindRuleSchema = kindParts.extend({ type: z.literal('kind'), ...decided });
export const RuleSchema = z.discriminatedUnion('type', [ShellRuleSchema, PathRuleSchema, KindRuleSchema]);
export type ShellRule = z.infer<typeof ShellRuleSchema>;
export type PathRule = z.infer<typeof PathRuleSchema>;
export type KindRule = z.infer<typeof KindRuleSchema>;
export type Rule = z.infer<typeof RuleSchema>;

/** A policy with everything in it: what decisions are made by and what its digest is of. JSON-safe. */
export const PolicySchema = z.strictObject({
  version: z.literal(1),
  name: PolicyNameSchema,
  rules: z.array(RuleSchema),
  setup: z.strictObject({ hosts: z.array(HostSchema) }),
  approvals: z.strictObject({
    acceptSignals: z.boolean(),
    timeoutHours: z.number().positive().nullable(),
  }),
});
export type Policy = z.infer<typeof PolicySchema>;

function isExpression(kind: string): boolean {
  if (!kind.startsWith('re:')) return false;
  try {
    return new RegExp(kind.slice(3), 'u').source.length > 0;
  } catch {
    return false;
  }
}
