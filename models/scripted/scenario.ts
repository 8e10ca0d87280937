import { z } from 'zod';

const text = z.string();
const milliseconds = z.int().nonnegative();
const tokens = z.int().nonnegative();
const pattern = text.refine(isPattern, 'is no regular expression');

function isPattern(source: string): boolean {
  try {
    new RegExp(source, 'u');
    return true;
  } catch {
    return false;
  }
}

const CommandSchema = z.union([
  text.transform((cmd) => ({ cmd })),
  z.strictObject({
    cmd: text,
    workdir: text.optional(),
    timeout_ms: milliseconds.optional(),
    justification: text.optional(),
  }),
]);
const PlanSchema = z.strictObject({
  explanation: text.optional(),
  plan: z.array(z.strictObject({ step: text, status: z.enum(['pending', 'in_progress', 'completed']) })),
});
/** What one output item is made from; the key says which kind. */
export const ReplyPartSchema = z.union([
  z.strictObject({ message: text }),
  z.strictObject({ reasoning: text }),
  z.strictObject({ exec_command: CommandSchema }),
  z.strictObject({ apply_patch: text }),
  z.strictObject({ update_plan: PlanSchema }),
  z.strictObject({ ask_human: text }),
  /** A call as the model might really write it: unknown tools, broken arguments. */
  z.strictObject({ call: z.strictObject({ name: text, arguments: text }) }),
  z.strictObject({ item: z.record(text, z.json()) }),
]);
export type ReplyPart = z.infer<typeof ReplyPartSchema>;

const UsageSchema = z.strictObject({
  input_tokens: tokens,
  cached_tokens: tokens.default(0),
  output_tokens: tokens,
  reasoning_tokens: tokens.default(0),
});
export type ScriptedUsage = z.infer<typeof UsageSchema>;

/** What the newest input items must hold: those after the model's last turn. */
const ExpectSchema = z.strictObject({
  outputs: z.int().nonnegative().optional(),
  contains: z.array(text).default([]),
  notContains: z.array(text).default([]),
  matches: z.array(pattern).default([]),
});
export type Expectation = z.infer<typeof ExpectSchema>;

const retryAfter = {
  /** Seconds, or an HTTP date. */
  retryAfter: z.union([text, z.number().transform(String)]).optional(),
  retryAfterMs: milliseconds.optional(),
};
const afterEvents = { afterEvents: z.int().nonnegative().default(3) };

const fault = <Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, shape: Shape) =>
  z.strictObject({ kind: z.literal(kind), times: z.int().positive().default(1), ...shape });
const serverWords = {
  code: text.default('server_error'),
  message: text.default('The server had an error.'),
};

/** What is given instead of the good answer. `times` requests get it, then the next fault or the answer. */
export const FaultSchema = z.discriminatedUnion('kind', [
  fault('rate_limited', retryAfter),
  fault('server_error', { status: z.int().min(500).max(599).default(500), ...retryAfter }),
  fault('unauthorized', {}),
  fault('quota', {}),
  fault('usage_limit', { resetsInSeconds: z.number().optional(), resetsAt: z.number().optional() }),
  fault('context_exceeded', { form: z.enum(['http', 'event']).default('http') }),
  fault('http', {
    status: z.int().min(200).max(599),
    headers: z.record(text, text).default({}),
    body: text.default(''),
  }),
  /** The request is read and never answered. */
  fault('hang', {}),
  fault('reset_before', {}),
  fault('reset', afterEvents),
  /** A clean end without `response.completed`. */
  fault('end', afterEvents),
  fault('stall', afterEvents),
  fault('bad_sse', afterEvents),
  fault('endless', {}),
  fault('garbage', {}),
  fault('failed', { ...afterEvents, ...serverWords }),
  fault('error_event', { ...afterEvents, ...serverWords }),
  fault('incomplete', { ...afterEvents, reason: text.default('max_output_tokens') }),
  /** A completed response whose call has its arguments cut off in the middle. The turn comes again. */
  fault('half_arguments', {}),
  /** The good answer, with bytes in its text that are no UTF-8. */
  fault('invalid_utf8', {}),
  /** `response.completed` with this as its response. */
  fault('completed_with', { response: z.json() }),
]);
export type Fault = z.infer<typeof FaultSchema>;

export const TurnSchema = z.strictObject({
  expect: ExpectSchema.optional(),
  reply: z.array(ReplyPartSchema).min(1),
  usage: UsageSchema.optional(),
  faults: z.array(FaultSchema).default([]),
  delayMs: milliseconds.default(0),
  /** The same turn this many times; `{{n}}` in a text is 1, 2, …, and `{{fill:1000}}` is a thousand characters. */
  repeat: z.int().positive().default(1),
  /** Need not be reached. */
  optional: z.boolean().default(false),
});
export type Turn = z.infer<typeof TurnSchema>;

const defaultSummary = 'So far so good.';
const ConversationSchema = z.strictObject({
  name: text.default('conversation'),
  /** A regular expression on what people said before the model's first turn. */
  match: pattern.default(''),
  turns: z.array(TurnSchema).min(1),
  /** What the model answers when it is asked for a summary. */
  summary: text.default(defaultSummary),
  optional: z.boolean().default(false),
});
export type Conversation = z.infer<typeof ConversationSchema>;

/** A scenario: what a scripted model says in each conversation, turn by turn. */
export const ScenarioSchema = z
  .strictObject({
    model: text.default('scripted'),
    /** A larger request is answered with `context_length_exceeded`. */
    contextWindowTokens: z.int().positive().optional(),
    /** Answers in one JSON document although a stream is asked for. */
    plainJson: z.boolean().default(false),
    conversations: z.array(ConversationSchema).min(1).optional(),
    /** Short for one conversation that matches everything. */
    turns: z.array(TurnSchema).min(1).optional(),
    summary: text.optional(),
  })
  .refine((value) => (value.conversations === undefined) !== (value.turns === undefined), {
    message: 'give either `turns` or `conversations`',
  })
  .transform(({ turns, summary, conversations, ...rest }) => ({
    ...rest,
    conversations: conversations ?? [
      {
        name: 'conversation',
        match: '',
        turns: turns ?? [],
        summary: summary ?? defaultSummary,
        optional: false,
      },
    ],
  }));
export type Scenario = z.infer<typeof ScenarioSchema>;
/** A scenario as people write it. */
export type ScenarioInput = z.input<typeof ScenarioSchema>;
