import type { Client } from '@temporalio/client';
import { LonghaulError } from '../contracts/error.ts';
import type { TaskId } from '../contracts/ids.ts';
import type { ErrorCode } from '../contracts/words/errors.ts';
import type { EventBody } from './projection/event-body.ts';
import { closingEvents } from './projection/life-events.ts';

const answerWithinMs = 5_000;

const tellsOfEnd: ReadonlySet<ErrorCode> = new Set(['task.ended', 'worker.missing']);

/**
 * Says how the task ended where it has: also for a question that no worker answered, since one of a version that is gone has no worker any
 * more, and starting another would not help. Other errors as they are. Needs no worker.
 */
export async function withEnd(client: Client, taskId: TaskId, error: unknown): Promise<unknown> {
  if (!(error instanceof LonghaulError) || !tellsOfEnd.has(error.code)) return error;
  const end = await client
    .withDeadline(Date.now() + answerWithinMs, () => endOf(client, taskId))
    .catch(() => undefined);
  if (end === undefined) return error;
  return new LonghaulError(
    'task.ended',
    `the task ${taskId} has ended, nothing can be told to it any more: it ${end}`,
    { cause: error },
  );
}

async function endOf(client: Client, taskId: TaskId): Promise<string | undefined> {
  const { namespace } = client.options;
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace,
    execution: { workflowId: taskId },
    // HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT of Temporal's API.
    historyEventFilterType: 2,
  });
  const last = history?.events?.at(-1);
  const [end] = last ? closingEvents(last) : [];
  if (end?.type !== 'task.finished') return undefined;
  const at = new Date(Number(last?.eventTime?.seconds ?? 0) * 1000).toISOString();
  return `${wayOf(end)} (${at.slice(0, 19).replace('T', ' ')} UTC)`;
}

function wayOf({ status, branch, reason }: Extract<EventBody, { type: 'task.finished' }>): string {
  if (status === 'delivered') return `was delivered as ${branch ?? 'a branch'}`;
  const because = reason === '' ? '' : `: ${reason}`;
  return status === 'failed' ? `failed${because}` : `was ${status}${because}`;
}
