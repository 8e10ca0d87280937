import type { Command } from 'commander';
import { z } from 'zod';
import type { TaskState } from '../../contracts/task-state.ts';
import { glanceLines, lookAt, sawOf } from '../look-at.ts';
import type { Platform } from '../platform.ts';
import { type Line, line, lineAndCommand } from '../terminal/line.ts';
import { ownCommand } from '../view/shell-words.ts';
import {
  confirm,
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
  withTask,
} from './define-verb.ts';

const OptionsSchema = z.strictObject({
  now: z.boolean().default(false),
  yes: z.boolean().default(false),
  json: JsonSchema,
});

export function addCancelVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'cancel <task>',
    summary: 'end a task for good; nothing is delivered',
    more: 'Actions, checks and records that are under way are finished first; where only the model or a person is waited for, it ends at once. With --now everything is ended at once, also after a cancel without it. Its sandbox is removed. On a terminal it asks first.',
    example: 'cancel fix-the-date-bug-x7k2p --yes\ncancel fix-the-date-bug-x7k2p --now',
    json: 'the answer as one object; asks nothing',
  })
    .option('--now', 'end what runs as well, at once')
    .option('--yes', 'do not ask')
    .action(async (task: string, raw: unknown) => {
      const options = parseUsage(OptionsSchema, raw);
      const { now, json } = options;
      await withTask(platform, task, async (client, taskId) => {
        const state = await lookAt(platform, client, taskId);
        if (!json) await printLines(platform, glanceLines(state));
        if (!(await sure(platform, taskId, options))) return printLines(platform, [line('Not cancelled.')]);
        const mode = now ? 'now' : 'soft';
        const saw = sawOf(state);
        await client.cancel(taskId, platform.user, { mode, saw });
        if (json) return printJson(platform, { type: 'task.cancel_requested', taskId, mode, saw });
        return printLines(platform, cancelledLines(platform, taskId, now, state));
      });
    });
}

async function sure(
  platform: Platform,
  taskId: string,
  { yes, json }: { readonly yes: boolean; readonly json: boolean },
): Promise<boolean> {
  const asks = !yes && !json && platform.terminal.facts().interactive;
  return !asks || confirm(platform, `Cancel ${taskId} for good?`);
}

function cancelledLines(
  { program }: Pick<Platform, 'program'>,
  taskId: string,
  now: boolean,
  state: TaskState | null,
): readonly Line[] {
  const idle = state !== null && ['preparing', 'waiting', 'paused'].includes(state.status);
  if (now || idle) return [line(`${taskId} is being cancelled.`)];
  const harder = ownCommand(program, 'cancel', taskId, '--now');
  return lineAndCommand(`${taskId} ends when what runs is finished and recorded. To end it at once:`, harder);
}
