import type { Command } from 'commander';
import { z } from 'zod';
import type { TaskClient } from '../../client/task-client.ts';
import type { TaskId } from '../../contracts/ids.ts';
import type { Platform } from '../platform.ts';
import { line, lineAndCommand } from '../terminal/line.ts';
import { patchLines } from '../view/action-text.ts';
import { changeLines } from '../view/card-lines.ts';
import { ownCommand } from '../view/shell-words.ts';
import {
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
  withTask,
} from './define-verb.ts';

const OptionsSchema = z.strictObject({
  patch: z.boolean().default(false),
  stat: z.boolean().default(false),
  json: JsonSchema,
});

export function addDiffVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'diff <task>',
    summary: 'what a task has changed, from its base to its newest checkpoint',
    example: ['diff fix-the-date-bug-x7k2p', 'diff fix-the-date-bug-x7k2p --patch | git apply'].join('\n'),
    json: 'the changed files as one object',
  })
    .option('--stat', 'the files with their numbers of lines; the default')
    .option('--patch', 'the patch, byte for byte where it goes into a pipe or a file; on a terminal escaped')
    .action(async (task: string, raw: unknown) => {
      const { patch, json } = parseUsage(OptionsSchema, raw);
      await withTask(platform, task, (client, taskId) =>
        patch ? printPatch(platform, client, taskId) : printChanges(platform, client, taskId, json),
      );
    });
}

async function printPatch(platform: Platform, client: TaskClient, taskId: TaskId): Promise<void> {
  const bytes = await client.patch(taskId);
  if (!platform.terminal.facts().live) return platform.terminal.write(bytes);
  return printLines(platform, patchLines(0, new TextDecoder().decode(bytes)));
}

async function printChanges(
  platform: Platform,
  client: TaskClient,
  taskId: TaskId,
  json: boolean,
): Promise<void> {
  const changes = await client.changes(taskId);
  if (json) return printJson(platform, { type: 'task.changes', taskId, changes });
  if (changes.length === 0) return printLines(platform, [line('Nothing has changed so far.')]);
  const whole = ownCommand(platform.program, 'diff', taskId, '--patch');
  return printLines(platform, [...changeLines(changes), ...lineAndCommand('Line by line:', whole)]);
}
