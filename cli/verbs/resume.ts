import type { Command } from 'commander';
import { z } from 'zod';
import { glanceLines, lookAt, sawOf } from '../look-at.ts';
import { lineAndCommand } from '../terminal/line.ts';
import { ownCommand } from '../view/shell-words.ts';
import {
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
  withTask,
} from './define-verb.ts';

const OptionsSchema = z.strictObject({ json: JsonSchema });

export function addResumeVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'resume <task>',
    summary: 'let a paused task go on',
    example: 'resume fix-the-date-bug-x7k2p',
    json: 'the answer as one object',
  }).action(async (task: string, raw: unknown) => {
    const { json } = parseUsage(OptionsSchema, raw);
    await withTask(platform, task, async (client, taskId) => {
      const state = await lookAt(platform, client, taskId);
      if (!json) await printLines(platform, glanceLines(state));
      const saw = sawOf(state);
      await client.resume(taskId, platform.user, saw);
      if (json) return printJson(platform, { type: 'task.resumed', taskId, saw });
      const watch = ownCommand(platform.program, 'watch', taskId);
      return printLines(platform, lineAndCommand(`${taskId} goes on. Watch it with:`, watch));
    });
  });
}
