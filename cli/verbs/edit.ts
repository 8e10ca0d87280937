import type { Command } from 'commander';
import { z } from 'zod';
import { LonghaulError } from '../../contracts/error.ts';
import { answerOf } from '../ask/answer.ts';
import { type EditableBody, editableBody, editedBody, textToEdit } from '../ask/edit-action.ts';
import type { Platform } from '../platform.ts';
import { line, lineAt, tone } from '../terminal/line.ts';
import { actionLines } from '../view/action-text.ts';
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
  command: z.string().optional(),
  file: z.string().optional(),
  digest: z.string().optional(),
  yes: z.boolean().default(false),
  json: JsonSchema,
});
type Options = z.infer<typeof OptionsSchema>;

export function addEditVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'edit <task> [approval]',
    summary: 'change an action that waits, then approve the changed one',
    more: 'Opens $VISUAL or $EDITOR with the command or patch, unless the new text is given. The policy judges the changed action again: an edit passes no denial.',
    example: 'edit fix-the-date-bug-x7k2p i3.a0 --command "npm test -- date"',
    json: 'the answer as one object; asks nothing',
  })
    .option('--command <text>', 'the new command')
    .option('--file <path>', 'a file with the new command or patch')
    .option('--digest <digest>', 'only if it is still what has this digest')
    .option('--yes', 'do not ask')
    .action(async (task: string, approvalId: string | undefined, raw: unknown) => {
      const options = parseUsage(OptionsSchema, raw);
      const { digest, json, yes } = options;
      await withTask(platform, task, async (client, taskId) => {
        const { card, pending, saw } = await showCard(platform, client, taskId, { approvalId, digest, json });
        const body = editableBody(card);
        if (body === null) {
          throw new LonghaulError(
            'usage.invalid',
            `${pending.approvalId} is no command or patch that can be changed: approve or reject it.`,
          );
        }
        const action = editedBody(body, await newText(platform, body, options));
        if (!json) {
          await printLines(platform, [
            lineAt(2, tone('strong', 'The changed action:')),
            ...actionLines(4, action),
          ]);
        }
        const asks = !yes && !json && platform.terminal.facts().interactive;
        if (asks && !(await confirm(platform, 'Approve this instead?'))) {
          return printLines(platform, [line('Not answered; it waits.')]);
        }
        const editedDigest = await client.putAction(action);
        const answer = answerOf(pending, { outcome: 'edited', editedDigest }, platform.user, saw);
        return sendAnswer(platform, client, taskId, answer, json);
      });
    });
}

async function newText(platform: Platform, body: EditableBody, options: Options): Promise<string> {
  if (options.command !== undefined && options.file !== undefined) {
    throw new LonghaulError('usage.invalid', 'Give --command or --file, not both.');
  }
  if (options.command !== undefined) {
    if (body.kind === 'shell') return options.command;
    throw new LonghaulError('usage.invalid', 'This is a patch: give the new one with --file.');
  }
  if (options.file !== undefined) return platform.readFile(options.file);
  const { text, fileName } = textToEdit(body);
  const changed = platform.terminal.facts().interactive ? await platform.editText(text, fileName) : null;
  if (changed !== null) return changed;
  throw new LonghaulError(
    'usage.invalid',
    'No editor can be opened here. Set EDITOR, or give --command or --file.',
  );
}
