import type { Command } from 'commander';
import { z } from 'zod';
import { taskStatus } from '../../contracts/words/sets.ts';
import { listLines } from '../view/list-lines.ts';
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
  limit: CountSchema.default(50),
  json: JsonSchema,
});

export function addLsVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'ls',
    summary: 'list tasks, newest first',
    example: 'ls --status waiting',
    json: 'one task a line',
  })
    .option('--status <status>', `only those of one status: ${statuses}`)
    .option('--limit <n>', 'at most so many; by default 50')
    .action(async (raw: unknown) => {
      const { status, limit, json } = parseUsage(OptionsSchema, raw);
      const filter = status === undefined ? { limit } : { limit, status };
      const tasks = await withClient(platform, (client) => client.list(filter));
      if (json) {
        for (const task of tasks) await printJson(platform, task);
        return;
      }
      const { columns } = platform.terminal.facts();
      const context = {
        program: platform.program,
        nowMs: platform.clock.nowMs(),
        columns,
        filtered: status !== undefined,
      };
      await printLines(platform, listLines(tasks, context));
    });
}
