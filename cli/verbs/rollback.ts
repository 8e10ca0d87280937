import type { Command } from 'commander';
import { z } from 'zod';
import { line, lineAt } from '../terminal/line.ts';
import { defineVerb, JsonSchema, parseUsage, type VerbContext } from './define-verb.ts';
import { tellTask } from './tell-task.ts';

const OptionsSchema = z.strictObject({
  to: z
    .string({ error: 'say to the end of which iteration: --to 3, or --to 0 for the base' })
    .regex(/^[0-9]{1,7}$/, 'expected the number of an iteration')
    .transform(Number),
  json: JsonSchema,
});

export function addRollbackVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'rollback <task>',
    summary: 'make the workspace what it was at the end of an earlier iteration',
    more: 'Takes effect between iterations, at once while the task is paused; what waits for an answer about the workspace as it was is not asked any more. The record keeps what was undone, and no iteration number is used again.',
    example: 'rollback fix-the-date-bug-x7k2p --to 3',
    json: 'the answer as one object',
  })
    .option('--to <iteration>', 'the iteration; 0 is the base')
    .action(async (task: string, raw: unknown) => {
      const { to, ...options } = parseUsage(OptionsSchema, raw);
      await tellTask(platform, task, options, async ({ client, taskId, saw }) => {
        const { withdrawn } = await client.rollback(taskId, to, platform.user, saw);
        return {
          json: { type: 'rollback.requested', taskId, toIteration: to, withdrawn, saw },
          lines: [
            line(`${taskId} goes back to the end of iteration ${to} when its current iteration is done.`),
            ...withdrawn.map((id) => lineAt(2, `${id} is not asked any more`)),
          ],
        };
      });
    });
}
