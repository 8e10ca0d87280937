import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { isGrpcServiceError } from '@temporalio/client';
import type { HistoryEvent } from './projection/event-body.ts';

export interface PlacedHistoryEvent {
  readonly runIndex: number;
  readonly event: HistoryEvent;
}

export interface HistoryOptions {
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

const retryMs = 500;
const retryableCodes: readonly number[] = [4, 8, 14];
const notFoundCode = 5;

/**
 * Every event of a task's history, from the oldest run that the server still has (the first, unless that is past the retention), and with `follow` as they happen until the last run has ended. An outage of the
 * server is waited out: nothing is given twice, nothing is left out.
 */
export async function* history(
  client: Client,
  taskId: string,
  options: HistoryOptions,
): AsyncGenerator<PlacedHistoryEvent> {
  const described = await client.workflow.getHandle(taskId).describe();
  const firstRunId = described.raw.workflowExecutionInfo?.firstRunId ?? described.runId;
  let begun = false;
  try {
    for await (const placed of runsFrom(client, taskId, firstRunId, options)) {
      begun = true;
      yield placed;
    }
    return;
  } catch (error) {
    if (begun || firstRunId === described.runId || !isNotFound(error)) throw error;
  }
  yield* runsFrom(client, taskId, await oldestRun(client, taskId, described.runId, options.signal), options);
}

async function* runsFrom(
  client: Client,
  taskId: string,
  firstRunId: string,
  options: HistoryOptions,
): AsyncGenerator<PlacedHistoryEvent> {
  let runId: string | null = firstRunId;
  for (let runIndex = 0; runId !== null; runIndex++) {
    let nextRun: string | null = null;
    for await (const event of runHistory(client, taskId, runId, options)) {
      nextRun = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? nextRun;
      yield { runIndex, event };
    }
    runId = nextRun;
  }
}

/** Back from the current run to the one whose predecessor is past the retention. */
async function oldestRun(
  client: Client,
  workflowId: string,
  currentRunId: string,
  signal: AbortSignal,
): Promise<string> {
  let oldest = currentRunId;
  for (let runId: string = currentRunId; ; ) {
    const first = await firstEvent(client, workflowId, runId, signal).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (first === undefined) return oldest;
    oldest = runId;
    runId = first.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
    if (runId === '') return oldest;
  }
}

async function firstEvent(
  client: Client,
  workflowId: string,
  runId: string,
  signal: AbortSignal,
): Promise<HistoryEvent | undefined> {
  while (!signal.aborted) {
    const request = { workflowId, runId, token: undefined, follow: false, signal, maxEvents: 1 };
    const page = await fetchPage(client, request);
    if (page.last || page.events.length > 0) return page.events[0];
  }
  return undefined;
}

async function* runHistory(
  client: Client,
  workflowId: string,
  runId: string,
  { follow, signal }: HistoryOptions,
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
  /** As many as the server gives when left out. */
  readonly maxEvents?: number;
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
  { workflowId, runId, token, follow, signal, maxEvents }: PageRequest,
): Promise<Page> {
  try {
    const response = await client.withAbortSignal(signal, () =>
      client.workflowService.getWorkflowExecutionHistory({
        namespace: client.options.namespace,
        execution: { workflowId, runId },
        waitNewEvent: follow,
        ...(maxEvents === undefined ? {} : { maximumPageSize: maxEvents }),
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

function isNotFound(error: unknown): boolean {
  return isGrpcServiceError(error) && error.code === notFoundCode;
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
