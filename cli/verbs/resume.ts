import type { Command } from 'commander';
import { z } from 'zod';
import { lineAndCommand } from '../terminal/line.ts';
import { ownCommand } from '../view/shell-words.ts';
import { defineVerb, JsonSchema, parseUsage, type VerbContext } from './define-verb.ts';
import { tellTask } from './tell-task.ts';

const OptionsSchema = z.strictObject({ json: JsonSchema });

export function addResumeVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'resume <task>',
    summary: 'let a paused task go on',
    example: 'resume fix-the-date-bug-x7k2p',
    json: 'the answer as one object',
  }).action(async (task: string, raw: unknown) => {
    await tellTask(platform, task, parseUsage(OptionsSchema, raw), async ({ client, taskId, saw }) => {
      await client.resume(taskId, platform.user, saw);
      const watch = ownCommand(platform.program, 'watch', taskId);
      return {
        json: { type: 'task.resumed', taskId, saw },
        lines: lineAndCommand(`${taskId} goes on. Watch it with:`, watch),
      };
    });
  });
}
