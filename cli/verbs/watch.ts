import type { Command } from 'commander';
import { z } from 'zod';
import { followTask } from '../follow/follow-task.ts';
import { createScreen } from '../terminal/screen.ts';
import { defineVerb, JsonSchema, parseUsage, type VerbContext, withTask } from './define-verb.ts';

const OptionsSchema = z.strictObject({ live: z.boolean().default(false), json: JsonSchema });

export function addWatchVerb(program: Command, context: VerbContext): void {
  const { platform } = context;
  defineVerb(program, {
    usage: 'watch <task>',
    summary: 'show a task from its beginning on, and answer what it asks',
    more: 'Ends with the exit code of the task, or with 130 when you leave it by Ctrl-C.',
    example: 'watch fix-the-date-bug-x7k2p',
    json: 'one event a line, the last one task.finished',
  })
    .option('--live', 'with --json: also what runs right now')
    .action(async (task: string, raw: unknown) => {
      const { json, live } = parseUsage(OptionsSchema, raw);
      const screen = createScreen(platform.terminal);
      const follow = { json, liveEvents: live, asked: [] };
      context.setExitCode(
        await withTask(platform, task, (client, taskId) =>
          followTask(platform, client, screen, taskId, follow),
        ),
      );
    });
}
