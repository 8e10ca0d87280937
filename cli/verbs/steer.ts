import type { Command } from 'commander';
import { z } from 'zod';
import { LonghaulError } from '../../contracts/error.ts';
import { line } from '../terminal/line.ts';
import { defineVerb, JsonSchema, parseUsage, type VerbContext } from './define-verb.ts';
import { tellTask } from './tell-task.ts';

const OptionsSchema = z.strictObject({ json: JsonSchema });

export function addSteerVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'steer <task> <text>',
    summary: 'tell a running task something; the model reads it before its next iteration',
    example: 'steer fix-the-date-bug-x7k2p "Leave the public API as it is"',
    json: 'the answer as one object',
  }).action(async (task: string, text: string, raw: unknown) => {
    const options = parseUsage(OptionsSchema, raw);
    const said = text.trim();
    if (said === '') throw new LonghaulError('usage.invalid', 'The text to steer with is empty.');
    await tellTask(platform, task, options, async ({ client, taskId, saw }) => {
      await client.steer(taskId, said, platform.user, saw);
      return {
        json: { type: 'task.steered', taskId, text: said, saw },
        lines: [line(`Told ${taskId}; it reads this before its next iteration.`)],
      };
    });
  });
}
