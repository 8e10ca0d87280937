import type { Command } from 'commander';
import { z } from 'zod';
import { LonghaulError } from '../../contracts/error.ts';
import { glanceLines, lookAt, sawOf } from '../look-at.ts';
import { line } from '../terminal/line.ts';
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

export function addSteerVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'steer <task> <text>',
    summary: 'tell a running task something; the model reads it before its next iteration',
    example: 'steer fix-the-date-bug-x7k2p "Leave the public API as it is"',
    json: 'the answer as one object',
  }).action(async (task: string, text: string, raw: unknown) => {
    const { json } = parseUsage(OptionsSchema, raw);
    const said = text.trim();
    if (said === '') throw new LonghaulError('usage.invalid', 'The text to steer with is empty.');
    await withTask(platform, task, async (client, taskId) => {
      const state = await lookAt(platform, client, taskId);
      if (!json) await printLines(platform, glanceLines(state));
      const saw = sawOf(state);
      await client.steer(taskId, said, platform.user, saw);
      if (json) return printJson(platform, { type: 'task.steered', taskId, text: said, saw });
      return printLines(platform, [line(`Told ${taskId}; it reads this before its next iteration.`)]);
    });
  });
}
