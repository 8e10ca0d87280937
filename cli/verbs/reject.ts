import type { Command } from 'commander';
import { z } from 'zod';
import { answerOf } from '../ask/answer.ts';
import { defineVerb, JsonSchema, parseUsage, type VerbContext, withTask } from './define-verb.ts';
import { sendAnswer, showCard } from './shown-card.ts';

const OptionsSchema = z.strictObject({
  reason: z
    .string({ error: 'say why, for the model to read: --reason "…"' })
    .trim()
    .min(1, 'say why, for the model to read')
    .max(4000),
  digest: z.string().optional(),
  json: JsonSchema,
});

export function addRejectVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'reject <task> [approval]',
    summary: 'say no to what a task asks',
    more: 'The model reads the reason and goes on. The approval can be left out when only one waits.',
    example: 'reject fix-the-date-bug-x7k2p i3.a0 --reason "Do not touch the CI files"',
    json: 'the answer as one object',
  })
    .option('--reason <text>', 'why; the model reads it')
    .option('--digest <digest>', 'only if it is still what has this digest')
    .action(async (task: string, approvalId: string | undefined, raw: unknown) => {
      const { reason, digest, json } = parseUsage(OptionsSchema, raw);
      await withTask(platform, task, async (client, taskId) => {
        const { pending, saw } = await showCard(platform, client, taskId, { approvalId, digest, json });
        const answer = answerOf(pending, { outcome: 'rejected', reason }, platform.user, saw);
        return sendAnswer(platform, client, taskId, answer, json);
      });
    });
}
