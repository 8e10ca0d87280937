import type { Client } from '@temporalio/client';
import type { WorkspaceRef } from '../contracts/activities.ts';
import { LonghaulError } from '../contracts/error.ts';
import type { CommitId, TaskId } from '../contracts/ids.ts';
import type { CodingTaskInput, TaskState } from '../contracts/task-state.ts';
import { messageName } from '../contracts/words/messages.ts';
import { history } from './history.ts';
import type { EventBody, HistoryEvent } from './projection/event-body.ts';
import { firstValue } from './projection/payloads.ts';
import { emptyProjection, project } from './projection/project.ts';

export interface WorkspaceEnds {
  readonly base: CommitId;
  readonly newest: CommitId;
}

/** Shorter than for a question that only a worker can answer: history is there as well. */
const workerWithinMs = 3_000;

/**
 * The base and the newest checkpoint: from the worker's answer, else from history, which needs no worker and stays when the task has ended.
 * Throws `repository.unreadable` before the repository is fetched, and errors of Temporal's client.
 */
export async function workspaceEnds(client: Client, taskId: TaskId): Promise<WorkspaceEnds> {
  // Whatever is wrong with the question, history shows it if it is there as well.
  const state = await client
    .withDeadline(Date.now() + workerWithinMs, () =>
      client.workflow.getHandle(taskId).query<TaskState>(messageName.status),
    )
    .catch(() => null);
  const ends = state?.workspace ? endsOf(state.workspace) : await recordedEnds(client, taskId);
  if (ends !== null) return ends;
  throw new LonghaulError(
    'repository.unreadable',
    `the task ${taskId} has not fetched its repository yet: there is no difference to show`,
  );
}

async function recordedEnds(client: Client, taskId: TaskId): Promise<WorkspaceEnds | null> {
  const options = { follow: false, signal: new AbortController().signal };
  let projection = emptyProjection;
  let ends: WorkspaceEnds | null = null;
  for await (const { event } of history(client, taskId, options)) {
    if (event.workflowExecutionStartedEventAttributes) {
      projection = emptyProjection;
      ends = carriedEnds(event) ?? ends;
    }
    const projected = project(projection, event);
    projection = projected.state;
    ends = projected.events.reduce(endsAfter, ends);
  }
  return ends;
}

/** Of a run that goes on from one before, which may be past the server's retention. */
function carriedEnds(event: HistoryEvent): WorkspaceEnds | null {
  const input = firstValue(event.workflowExecutionStartedEventAttributes?.input) as
    | Partial<CodingTaskInput>
    | null
    | undefined;
  return input?.type === 'continue' && input.state?.workspace ? endsOf(input.state.workspace) : null;
}

function endsOf({ baseCommit, commit }: WorkspaceRef): WorkspaceEnds {
  return { base: baseCommit, newest: commit };
}

function endsAfter(ends: WorkspaceEnds | null, event: EventBody): WorkspaceEnds | null {
  if (event.type === 'repository.fetched') return { base: event.baseCommit, newest: event.baseCommit };
  if (ends === null) return null;
  if (event.type === 'actions.observed') return { ...ends, newest: event.checkpoint.commit };
  if (event.type === 'task.rolled_back') return { ...ends, newest: event.commit };
  return ends;
}
