import type { Command } from 'commander';
import { z } from 'zod';
import { lineAndCommand } from '../terminal/line.ts';
import { ownCommand } from '../view/shell-words.ts';
import { defineVerb, JsonSchema, parseUsage, type VerbContext } from './define-verb.ts';
import { tellTask } from './tell-task.ts';

const OptionsSchema = z.strictObject({ json: JsonSchema });

export function addPauseVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'pause <task>',
    summary: 'hold a task before its next iteration',
    example: 'pause fix-the-date-bug-x7k2p',
    json: 'the answer as one object',
  }).action(async (task: string, raw: unknown) => {
    await tellTask(platform, task, parseUsage(OptionsSchema, raw), async ({ client, taskId, saw }) => {
      await client.pause(taskId, platform.user, saw);
      const resume = ownCommand(platform.program, 'resume', taskId);
      return {
        json: { type: 'task.paused', taskId, saw },
        lines: lineAndCommand(
          `${taskId} pauses when its current iteration is done. Let it go on with:`,
          resume,
        ),
      };
    });
  });
}
