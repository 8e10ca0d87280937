import type { Command } from 'commander';
import { z } from 'zod';
import { line } from '../terminal/line.ts';
import {
  confirm,
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
  withTask,
} from './define-verb.ts';

const OptionsSchema = z.strictObject({ yes: z.boolean().default(false), json: JsonSchema });

export function addCancelVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'cancel <task>',
    summary: 'end a task for good; nothing is delivered',
    more: 'What runs is ended, its sandbox is removed. On a terminal it asks first.',
    example: 'cancel fix-the-date-bug-x7k2p --yes',
    json: 'the answer as one object; asks nothing',
  })
    .option('--yes', 'do not ask')
    .action(async (task: string, raw: unknown) => {
      const { yes, json } = parseUsage(OptionsSchema, raw);
      await withTask(platform, task, async (client, taskId) => {
        const asks = !yes && !json && platform.terminal.facts().interactive;
        if (asks && !(await confirm(platform, `Cancel ${taskId} for good?`))) {
          return printLines(platform, [line('Not cancelled.')]);
        }
        await client.cancel(taskId, platform.user);
        if (json) return printJson(platform, { type: 'task.cancel_requested', taskId });
        return printLines(platform, [line(`${taskId} is being cancelled.`)]);
      });
    });
}
