import type { Command } from 'commander';
import { z } from 'zod';
import type { TaskClient } from '../../client/task-client.ts';
import { LonghaulError } from '../../contracts/error.ts';
import type { TaskId } from '../../contracts/ids.ts';
import { type TaskSpec, TaskSpecSchema } from '../../contracts/task.ts';
import type { TaskState } from '../../contracts/task-state.ts';
import type { Platform } from '../platform.ts';
import { commandLine, type Line } from '../terminal/line.ts';
import { cardLines } from '../view/card-lines.ts';
import { checkLines } from '../view/check-lines.ts';
import { finishedLines } from '../view/finished-story.ts';
import { startedLines } from '../view/header-story.ts';
import { pasteLines } from '../view/paste-lines.ts';
import { ownCommand } from '../view/shell-words.ts';
import { stateLines } from '../view/state-lines.ts';
import { applyEvent, emptyView } from '../view/task-view.ts';
import { allEvents } from './all-events.ts';
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
    json: 'the state as one object; its task.finished where it has ended under a version that no worker runs any more',
  }).action(async (task: string, raw: unknown) => {
    const { json } = parseUsage(OptionsSchema, raw);
    await withTask(platform, task, async (client, taskId) => {
      const state = await stateOrNull(client, taskId);
      if (state === null) return printEnded(platform, client, taskId, json);
      const spec = await specOf(client, state);
      if (json) return printJson(platform, { type: 'task.state', ...state, spec });
      await printLines(platform, [...stateLines(state, spec), ...pausedLines(platform, state)]);
      return printPending(platform, client, state);
    });
  });
}

function pausedLines({ program }: Platform, { status, taskId }: TaskState): readonly Line[] {
  if (status !== 'paused') return [];
  return [commandLine(2, 12, 'to go on', ownCommand(program, 'resume', taskId))];
}

/** Null for a task that has ended and that no worker can tell any more. */
async function stateOrNull(client: TaskClient, taskId: TaskId): Promise<TaskState | null> {
  return client.state(taskId).catch((error: unknown) => {
    if (error instanceof LonghaulError && error.code === 'task.ended') return null;
    throw error;
  });
}

/** From its events alone, which need no worker. */
async function printEnded(
  platform: Platform,
  client: TaskClient,
  taskId: TaskId,
  json: boolean,
): Promise<void> {
  const events = await allEvents(client, taskId);
  const started = events.find((event) => event.type === 'task.started');
  const finished = events.find((event) => event.type === 'task.finished');
  if (finished === undefined) throw new LonghaulError('task.failed', `Nothing tells how ${taskId} ended.`);
  if (json) return printJson(platform, finished);
  const view = events.slice(0, events.indexOf(finished)).reduce(applyEvent, emptyView);
  return printLines(platform, [
    ...(started === undefined ? [] : startedLines(started)),
    ...checkLines(2, view, view.results),
    ...finishedLines(view, finished, platform),
  ]);
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
