import type { Command } from 'commander';
import { z } from 'zod';
import type { TaskClient, TaskListEntry } from '../../client/task-client.ts';
import { LonghaulError } from '../../contracts/error.ts';
import { taskStatus } from '../../contracts/words/sets.ts';
import type { Platform } from '../platform.ts';
import type { Line } from '../terminal/line.ts';
import { listLines, noTasksLines } from '../view/list-lines.ts';
import { longestWaiting, waitingLines } from '../view/waiting-lines.ts';
import {
  CountSchema,
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
  withClient,
} from './define-verb.ts';

const statuses = Object.values(taskStatus).join(', ');
const OptionsSchema = z.strictObject({
  status: z.enum(taskStatus, { error: `expected one of ${statuses}` }).optional(),
  waiting: z.boolean().default(false),
  limit: CountSchema.default(50),
  json: JsonSchema,
});
type Options = z.infer<typeof OptionsSchema>;

/** Lists are in the order of their start: to find what waits longest all that wait are looked at. */
const maxWaiting = 10_000;

async function listed(
  client: TaskClient,
  { status, waiting, limit }: Options,
): Promise<readonly TaskListEntry[]> {
  if (!waiting) return client.list(status === undefined ? { limit } : { limit, status });
  const tasks = await client.list({ status: taskStatus.waiting, limit: maxWaiting });
  return longestWaiting(tasks).slice(0, limit);
}

export function addLsVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'ls',
    summary: 'list tasks, newest first; or what waits for a person',
    more: 'With --waiting: since when, what is asked, what the task has cost so far, and when the question expires; what waits longest first.',
    example: 'ls --status failed\nls --waiting',
    json: 'one task a line',
  })
    .option('--status <status>', `only those of one status: ${statuses}`)
    .option('--waiting', 'what waits for a person, longest first')
    .option('--limit <n>', 'at most so many; by default 50')
    .action(async (raw: unknown) => {
      const options = parseUsage(OptionsSchema, raw);
      const { status, waiting, json } = options;
      if (waiting && status !== undefined)
        throw new LonghaulError('usage.invalid', 'Give --waiting or --status, not both.');
      // There is no server to ask, and nothing that one could tell.
      if (platform.isUnused()) return json ? undefined : printLines(platform, noTasksLines(platform.program));
      const tasks = await withClient(platform, (client) => listed(client, options));
      if (!json) return printLines(platform, linesOf(platform, tasks, options));
      for (const task of tasks) await printJson(platform, task);
    });
}

function linesOf(
  { program, clock, terminal }: Platform,
  tasks: readonly TaskListEntry[],
  { status, waiting }: Options,
): readonly Line[] {
  const context = { nowMs: clock.nowMs(), columns: terminal.facts().columns };
  return waiting
    ? waitingLines(tasks, context)
    : listLines(tasks, { ...context, program, filtered: status !== undefined });
}
