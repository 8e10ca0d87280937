import type { Command } from 'commander';
import { z } from 'zod';
import type { TaskClient } from '../../client/task-client.ts';
import { type TaskSpec, TaskSpecSchema } from '../../contracts/task.ts';
import type { TaskState } from '../../contracts/task-state.ts';
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
      const server = await platform.server().catch(() => null);
      return printLines(platform, stateLines(state, spec, { program: platform.program, taskId, server }));
    });
  });
}

async function specOf(client: TaskClient, state: TaskState): Promise<TaskSpec | null> {
  if (state.specDigest === null) return null;
  const bytes = await client.artifact(state.specDigest);
  return TaskSpecSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}
