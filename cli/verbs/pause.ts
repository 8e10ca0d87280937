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

export function addPauseVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'pause <task>',
    summary: 'hold a task before its next iteration',
    example: 'pause fix-the-date-bug-x7k2p',
    json: 'the answer as one object',
  }).action(async (task: string, raw: unknown) => {
    const { json } = parseUsage(OptionsSchema, raw);
    await withTask(platform, task, async (client, taskId) => {
      const state = await lookAt(platform, client, taskId);
      if (!json) await printLines(platform, glanceLines(state));
      const saw = sawOf(state);
      await client.pause(taskId, platform.user, saw);
      if (json) return printJson(platform, { type: 'task.paused', taskId, saw });
      const resume = ownCommand(platform.program, 'resume', taskId);
      return printLines(
        platform,
        lineAndCommand(`${taskId} pauses when its current iteration is done. Let it go on with:`, resume),
      );
    });
  });
}
