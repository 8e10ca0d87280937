import { z } from 'zod';
import { type ActionBody, PlanStepSchema } from '../contracts/action.ts';
import type { TranscriptItem } from '../contracts/model-client.ts';
import { patchOfCommand } from './patch-in-command.ts';

export interface ParsedCall {
  readonly callId: string;
  readonly itemType: 'function_call' | 'custom_tool_call';
  readonly call: CallBody;
}
/** What a model can ask for; `deliver` is never its to ask. */
export type CallBody = Exclude<ActionBody, { kind: 'deliver' }>;

const CallItemSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('function_call'),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.object({ type: z.literal('custom_tool_call'), call_id: z.string(), name: z.string(), input: z.string() }),
]);

/**
 * The calls among a response's output items, in order. What cannot be understood becomes `invalid` with a text for the model: a bad
 * argument or an unknown tool is never a fault of the task.
 */
export function parseCalls(output: readonly TranscriptItem[]): readonly ParsedCall[] {
  const calls: ParsedCall[] = [];
  for (const item of output) {
    const parsed = CallItemSchema.safeParse(item);
    if (!parsed.success) continue;
    const { data } = parsed;
    const call =
      data.type === 'function_call' ? ofFunction(data.name, data.arguments) : ofText(data.name, data.input);
    calls.push({ callId: data.call_id, itemType: data.type, call });
  }
  return calls;
}

const argument = z.string().refine((value) => !value.includes('\0'), 'holds a NUL character');
const argv = z.tuple([argument.min(1)], argument);
const optionalText = z.string().nullish();
const CommandSchema = z
  .object({
    cmd: z.union([argument, argv]).nullish(),
    command: z.union([argument, argv]).nullish(),
    shell: optionalText,
    workdir: argument.nullish(),
    cwd: argument.nullish(),
    timeout_ms: z.number().nullish(),
    justification: optionalText,
  })
  .transform((value) => ({ ...value, command: value.cmd ?? value.command ?? null }));
const PatchSchema = z.object({ input: z.string() });
const PlanSchema = z.object({ explanation: optionalText, plan: z.array(PlanStepSchema).max(30) });
const QuestionSchema = z.object({ question: z.string().trim().min(1) });

const invalid = (reason: string): CallBody => ({ kind: 'invalid', reason });

const functions: Readonly<Record<string, (args: unknown) => CallBody>> = {
  exec_command: (args) => ofCommand(args, 'cmd'),
  shell: (args) => ofCommand(args, 'command'),
  apply_patch: read(PatchSchema, ({ input }) => ({ kind: 'apply_patch', patch: input })),
  update_plan: read(PlanSchema, ({ plan, explanation }) => ({
    kind: 'update_plan',
    steps: plan,
    explanation: explanation ?? null,
  })),
  ask_human: read(QuestionSchema, ({ question }) => ({ kind: 'ask_human', question })),
};

function ofFunction(name: string, text: string): CallBody {
  const parse = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (parse === undefined) return invalid(`unsupported call: ${name}`);
  let args: unknown;
  try {
    args = JSON.parse(text);
  } catch (error) {
    return invalid(
      `failed to parse function arguments: ${error instanceof Error ? error.message : 'no JSON'}`,
    );
  }
  return parse(args);
}

function ofText(name: string, input: string): CallBody {
  return name === 'apply_patch'
    ? { kind: 'apply_patch', patch: input }
    : invalid(`unsupported call: ${name}`);
}

function ofCommand(args: unknown, field: 'cmd' | 'command'): CallBody {
  return read(CommandSchema, (value) => {
    const { command } = value;
    if (command === null) return invalid(missing(field));
    const cwd = value.workdir ?? value.cwd ?? '';
    const shell = {
      kind: 'shell' as const,
      argv: typeof command === 'string' ? [shellOf(value.shell), '-c', command] : [...command],
      line: typeof command === 'string' ? command : lineOf(command),
      cwd: cwd === '' ? '.' : cwd,
      timeoutMs: timeoutOf(value.timeout_ms),
      justification: value.justification ?? null,
    };
    return patchOfCommand(shell) ?? shell;
  })(args);
}

function shellOf(asked: string | null | undefined): 'sh' | 'bash' {
  return /(?:^|\/)(?:sh|dash)$/.test(asked ?? '') ? 'sh' : 'bash';
}

/** The shell text of `["bash", "-lc", "<line>"]`, so that policy and people see the line. */
function lineOf(command: readonly string[]): string | null {
  const [program, flag, line] = command;
  if (command.length !== 3 || program === undefined || line === undefined) return null;
  const isShell = /^(?:\/(?:usr\/)?bin\/)?(?:ba|da|z)?sh$/.test(program);
  return isShell && (flag === '-c' || flag === '-lc') ? line : null;
}

function timeoutOf(timeoutMs: number | null | undefined): number | null {
  return typeof timeoutMs === 'number' && timeoutMs >= 1 ? Math.floor(timeoutMs) : null;
}

function read<T>(schema: z.ZodType<T>, use: (value: T) => CallBody): (args: unknown) => CallBody {
  return (args) => {
    const parsed = schema.safeParse(args, { reportInput: true });
    return parsed.success ? use(parsed.data) : invalid(explain(parsed.error));
  };
}

function missing(field: string): string {
  return `failed to parse function arguments: missing field \`${field}\``;
}

function explain(error: z.ZodError): string {
  const issue = error.issues[0];
  const path = issue?.path.map(String).join('.') ?? '';
  if (issue?.code === 'invalid_type' && issue.input === undefined && path !== '') return missing(path);
  const where = path === '' ? '' : `\`${path}\`: `;
  return `failed to parse function arguments: ${where}${issue?.message ?? 'not understood'}`;
}
