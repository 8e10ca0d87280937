import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { isGrpcServiceError } from '@temporalio/client';
import type { HistoryEvent } from './projection/event-body.ts';

export interface PlacedHistoryEvent {
  readonly runIndex: number;
  readonly event: HistoryEvent;
}

const retryMs = 500;
const retryableCodes: readonly number[] = [4, 8, 14];

/**
 * Every event of a task's history, from its first run on, and with `follow` as they happen until the last run has ended. An outage of the
 * server is waited out: nothing is given twice, nothing is left out.
 */
export async function* history(
  client: Client,
  taskId: string,
  options: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<PlacedHistoryEvent> {
  const described = await client.workflow.getHandle(taskId).describe();
  let runId: string | null = described.raw.workflowExecutionInfo?.firstRunId ?? described.runId;
  for (let runIndex = 0; runId !== null; runIndex++) {
    let nextRun: string | null = null;
    for await (const event of runHistory(client, taskId, runId, options)) {
      nextRun = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? nextRun;
      yield { runIndex, event };
    }
    runId = nextRun;
  }
}

async function* runHistory(
  client: Client,
  workflowId: string,
  runId: string,
  { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<HistoryEvent> {
  let token: Uint8Array | undefined;
  let lastEventId = 0;
  while (!signal.aborted) {
    const page = await fetchPage(client, { workflowId, runId, token, follow, signal });
    const fresh = page.events.filter((event) => Number(event.eventId) > lastEventId);
    lastEventId = Number(fresh.at(-1)?.eventId ?? lastEventId);
    yield* fresh;
    if (fresh.some(closes) || page.last) return;
    token = page.token;
  }
}

interface PageRequest {
  readonly workflowId: string;
  readonly runId: string;
  readonly token: Uint8Array | undefined;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

interface Page {
  readonly events: readonly HistoryEvent[];
  readonly token: Uint8Array | undefined;
  /** Nothing comes after this page. */
  readonly last: boolean;
}

/** The next page; an empty one without a token, to begin anew, when the server did not answer. */
async function fetchPage(
  client: Client,
  { workflowId, runId, token, follow, signal }: PageRequest,
): Promise<Page> {
  try {
    const response = await client.withAbortSignal(signal, () =>
      client.workflowService.getWorkflowExecutionHistory({
        namespace: client.options.namespace,
        execution: { workflowId, runId },
        waitNewEvent: follow,
        ...(token === undefined ? {} : { nextPageToken: token }),
      }),
    );
    const next = response.nextPageToken?.length ? response.nextPageToken : undefined;
    return { events: response.history?.events ?? [], token: next, last: next === undefined };
  } catch (error) {
    if (signal.aborted) return { events: [], token: undefined, last: true };
    if (!(isGrpcServiceError(error) && retryableCodes.includes(error.code))) throw error;
    await delay(retryMs, undefined, { signal }).catch(() => {});
    return { events: [], token: undefined, last: false };
  }
}

function closes(event: HistoryEvent): boolean {
  return Boolean(
    event.workflowExecutionCompletedEventAttributes ??
      event.workflowExecutionFailedEventAttributes ??
      event.workflowExecutionTerminatedEventAttributes ??
      event.workflowExecutionTimedOutEventAttributes ??
      event.workflowExecutionCanceledEventAttributes ??
      event.workflowExecutionContinuedAsNewEventAttributes,
  );
}
