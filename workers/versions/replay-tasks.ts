import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Client } from '@temporalio/client';
import { type History, historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { classifyClientError } from '../../client/errors.ts';
import { LonghaulError } from '../../contracts/error.ts';
import { workflowType } from '../../contracts/words/messages.ts';
import { replayHistories } from './replay.ts';

/** One run of a task, from its history. */
export interface ReplayedRun {
  /** The task's id, or the path of a file below the folder that was given. */
  readonly name: string;
  /** Null for a file. */
  readonly runId: string | null;
  readonly events: number;
  /** Why today's code cannot go on from it; null when it can. */
  readonly problem: string | null;
}

export interface NamedHistory {
  readonly name: string;
  readonly runId: string | null;
  readonly history: History;
}

/** Runs workflow code over histories, one after the other, and writes nothing but results. */
export async function* replayRuns(
  codePath: string,
  histories: AsyncIterable<NamedHistory>,
): AsyncIterable<ReplayedRun> {
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
  });
  const waiting: NamedHistory[] = [];
  const given = async function* () {
    for await (const named of histories) {
      waiting.push(named);
      yield { taskId: taskOf(named), history: named.history };
    }
  };
  for await (const { taskId, problem } of replayHistories(codePath, given())) {
    const named = waiting.shift();
    if (named === undefined || taskOf(named) !== taskId)
      throw new LonghaulError('internal.bug', `the replay told of ${taskId}, which was not its turn`);
    yield { name: named.name, runId: named.runId, events: named.history.events?.length ?? 0, problem };
  }
}

/** Workflow code may ask for the id: a file's own counts. */
function taskOf({ name, history }: NamedHistory): string {
  return history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? name;
}

/** Throws `task.not_found` unless the server keeps each of the tasks: a replay of nothing shows nothing. */
export async function requireTasks(client: Client, taskIds: readonly string[]): Promise<void> {
  for (const taskId of taskIds) {
    try {
      await client.workflow.getHandle(taskId).describe();
    } catch (error) {
      throw classifyClientError(error, taskId);
    }
  }
}

/**
 * The histories that the server still has: of the tasks that are named, else of a queue's running tasks and of those runs that have ended
 * since. Visibility may lag behind by a second.
 */
export async function* serverHistories(
  client: Client,
  which:
    | { readonly taskIds: readonly string[] }
    | { readonly taskQueue: string; readonly endedSinceMs: number },
): AsyncIterable<NamedHistory> {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  const queries =
    'taskIds' in which
      ? which.taskIds.map((taskId) => `WorkflowId = ${quoted(taskId)}`)
      : [
          `TaskQueue = ${quoted(which.taskQueue)} AND ExecutionStatus = 'Running'`,
          `TaskQueue = ${quoted(which.taskQueue)} AND CloseTime >= ${quoted(new Date(which.endedSinceMs).toISOString())}`,
        ];
  for (const query of queries) {
    for await (const { workflowId, runId } of client.workflow.list({
      query: `WorkflowType = '${workflowType}' AND ${query}`,
    }))
      yield {
        name: workflowId,
        runId,
        history: await client.workflow.getHandle(workflowId, runId).fetchHistory(),
      };
  }
}

/** The histories in the `.json` files below a folder. Throws `usage.invalid` where there is none: a replay of nothing shows nothing. */
export async function* recordedHistories(folder: string): AsyncIterable<NamedHistory> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((error: unknown) => {
    throw new LonghaulError('usage.invalid', `The folder ${folder} cannot be read: ${String(error)}`, {
      cause: error,
    });
  });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  if (files.length === 0)
    throw new LonghaulError('usage.invalid', `There is no history (*.json) below ${folder}.`);
  for (const file of files) yield { name: relative(folder, file), runId: null, history: await read(file) };
}

async function read(file: string): Promise<History> {
  try {
    return historyFromJSON(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw new LonghaulError('usage.invalid', `${file} is no recorded history: ${String(error)}`, {
      cause: error,
    });
  }
}
