import type { Command } from 'commander';
import { z } from 'zod';
import type { PendingApproval } from '../../contracts/approval.ts';
import { LonghaulError } from '../../contracts/error.ts';
import { answerOf } from '../ask/answer.ts';
import type { Platform } from '../platform.ts';
import { line } from '../terminal/line.ts';
import {
  confirm,
  defineVerb,
  JsonSchema,
  parseUsage,
  printLines,
  type VerbContext,
  withTask,
} from './define-verb.ts';
import { sendAnswer, showCard } from './shown-card.ts';

const OptionsSchema = z.strictObject({
  forTask: z.boolean().default(false),
  message: z.string().default(''),
  digest: z.string().optional(),
  yes: z.boolean().default(false),
  json: JsonSchema,
});
type Options = z.infer<typeof OptionsSchema>;

export function addApproveVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'approve <task> [approval]',
    summary: 'say yes to what a task asks',
    more: 'Shows what is asked, whole, and binds the answer to its digest; on a terminal it asks once more. The approval can be left out when only one waits.',
    example: 'approve fix-the-date-bug-x7k2p i3.a0',
    json: 'the answer as one object; asks nothing',
  })
    .option('--for-task', 'and let what is shown as "may stand" stand for the rest of the task')
    .option('--message <text>', 'a word with it; the answer itself when the model asked a question')
    .option('--digest <digest>', 'only if it is still what has this digest')
    .option('--yes', 'do not ask')
    .action(async (task: string, approvalId: string | undefined, raw: unknown) => {
      const options = parseUsage(OptionsSchema, raw);
      const { forTask, message, json } = options;
      await withTask(platform, task, async (client, taskId) => {
        const { pending, saw } = await showCard(platform, client, taskId, { ...options, approvalId });
        checkFits(pending, options);
        if (!(await sure(platform, options))) return printLines(platform, [line('Not answered; it waits.')]);
        const scope = forTask ? 'task' : 'once';
        const answer = answerOf(pending, { outcome: 'granted', reason: message, scope }, platform.user, saw);
        return sendAnswer(platform, client, taskId, answer, json);
      });
    });
}

function checkFits(pending: PendingApproval, { forTask, message }: Options): void {
  if (forTask && pending.standingRule === null) {
    throw new LonghaulError(
      'usage.invalid',
      `Nothing of ${pending.approvalId} can stand for the task: approve it once, without --for-task.`,
    );
  }
  if (pending.subject === 'question' && message.trim() === '') {
    throw new LonghaulError('usage.invalid', 'The model asks a question: answer it with --message "…".');
  }
}

async function sure(platform: Platform, { forTask, yes, json }: Options): Promise<boolean> {
  if (yes || json || !platform.terminal.facts().interactive) return true;
  return confirm(platform, forTask ? 'Approve for the rest of the task?' : 'Approve?');
}
