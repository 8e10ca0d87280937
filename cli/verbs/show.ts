import type { Command } from 'commander';
import { z } from 'zod';
import type { TaskClient } from '../../client/task-client.ts';
import { type TaskSpec, TaskSpecSchema } from '../../contracts/task.ts';
import type { TaskState } from '../../contracts/task-state.ts';
import type { Platform } from '../platform.ts';
import { cardLines } from '../view/card-lines.ts';
import { pasteLines } from '../view/paste-lines.ts';
import { stateLines } from '../view/state-lines.ts';
import {
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
  withTask,
} from './define-verb.ts';

const OptionsSchema = z.strictObject({ json: JsonSchema });

export function addShowVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'show <task>',
    summary: 'where a task is: plan, checks, what waits for a person, what it spent',
    example: 'show fix-the-date-bug-x7k2p',
    json: 'the state as one object',
  }).action(async (task: string, raw: unknown) => {
    const { json } = parseUsage(OptionsSchema, raw);
    await withTask(platform, task, async (client, taskId) => {
      const state = await client.state(taskId);
      const spec = await specOf(client, state);
      if (json) return printJson(platform, { type: 'task.state', ...state, spec });
      await printLines(platform, stateLines(state, spec));
      return printPending(platform, client, state);
    });
  });
}

/** What waits, whole, and the commands that answer it. */
async function printPending(
  platform: Platform,
  client: TaskClient,
  { taskId, pending }: TaskState,
): Promise<void> {
  const server = await platform.server().catch(() => null);
  const { program } = platform;
  for (const approval of pending) {
    const card = await client.card(taskId, approval);
    const context = { program, nowMs: platform.clock.nowMs(), changes: null };
    await printLines(platform, [
      ...cardLines(card, approval, context),
      ...pasteLines(approval, { program, taskId, server }),
    ]);
  }
}

async function specOf(client: TaskClient, state: TaskState): Promise<TaskSpec | null> {
  if (state.specDigest === null) return null;
  const bytes = await client.artifact(state.specDigest);
  return TaskSpecSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}
