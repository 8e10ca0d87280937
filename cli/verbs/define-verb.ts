import type { Command } from 'commander';
import { z } from 'zod';
import type { TaskClient } from '../../client/task-client.ts';
import { LonghaulError } from '../../contracts/error.ts';
import type { TaskId } from '../../contracts/ids.ts';
import { yesOrNo } from '../ask/yes-or-no.ts';
import type { Platform } from '../platform.ts';
import { resolveTask } from '../resolve-task.ts';
import { jsonLine } from '../terminal/json-line.ts';
import { type Line, line, tone } from '../terminal/line.ts';
import { renderLines } from '../terminal/render.ts';

export interface VerbContext {
  readonly platform: Platform;
  /** What the process ends with when it is not 0. */
  setExitCode(code: number): void;
}

export interface VerbText {
  /** The verb with its arguments, as commander reads them: `steer <task> <text>`. */
  readonly usage: string;
  readonly summary: string;
  /** More than the summary, for its `--help`. */
  readonly more?: string;
  readonly example: string;
  readonly json: string;
}

/** A verb with its help; every one has an example and `--json`. */
export function defineVerb(program: Command, text: VerbText): Command {
  const example = text.example.split('\n').map((words) => `  $ ${calledAs(program)} ${words}`);
  return program
    .command(text.usage)
    .summary(text.summary)
    .description(text.more === undefined ? text.summary : `${text.summary}\n\n${text.more}`)
    .option('--json', text.json)
    .addHelpText('after', `\nExample:\n${example.join('\n')}`);
}

/** `longhaul`, or `longhaul policy` for what belongs to a group. */
function calledAs(program: Command): string {
  return program.parent === null ? program.name() : `${calledAs(program.parent)} ${program.name()}`;
}

/** A person's options and arguments, checked. Throws `usage.invalid` with each that is wrong. */
export function parseUsage<T>(schema: z.ZodType<T>, raw: unknown): T {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${optionName(issue.path)}: ${issue.message}`);
  throw new LonghaulError('usage.invalid', problems.join('\n'));
}

export const JsonSchema = z.boolean().default(false);

/** A whole number of at least 1, as typed. */
export const CountSchema = z
  .string()
  .regex(/^[0-9]{1,7}$/, 'expected a whole number')
  .transform(Number)
  .refine((count) => count >= 1, 'expected at least 1');

/** A client that is closed again whatever happens. */
export async function withClient<T>(platform: Platform, use: (client: TaskClient) => Promise<T>): Promise<T> {
  const client = await platform.openClient();
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** The same for a task that a person named by its id or the beginning of it. */
export async function withTask<T>(
  platform: Platform,
  task: string,
  use: (client: TaskClient, taskId: TaskId) => Promise<T>,
): Promise<T> {
  return withClient(platform, async (client) => use(client, await resolveTask(client, task)));
}

export async function printLines(platform: Platform, lines: readonly Line[]): Promise<void> {
  const { columns, color } = platform.terminal.facts();
  const rows = renderLines(lines, { columns, color });
  if (rows.length > 0) await platform.terminal.write(`${rows.join('\n')}\n`);
}

export async function printJson(platform: Platform, value: unknown): Promise<void> {
  await platform.terminal.write(jsonLine(value));
}

/** Asks the person at the terminal; everything but a plain yes is no. */
export function confirm(platform: Platform, question: string): Promise<boolean> {
  return yesOrNo(platform.terminal, question, {
    signal: new AbortController().signal,
    say: (text) => printLines(platform, [line(tone('warn', text))]),
  });
}

function optionName(path: readonly PropertyKey[]): string {
  const [first] = path;
  return `--${String(first).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
