import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import proto from '@temporalio/proto';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** The histories of a task's runs, oldest first. */
export async function runsOf(
  temporal: Client,
  workflowId: string,
): Promise<readonly (readonly HistoryEvent[])[]> {
  const described = await temporal.workflow.getHandle(workflowId).describe();
  const runs: HistoryEvent[][] = [];
  let runId: string | null | undefined = described.raw.workflowExecutionInfo?.firstRunId;
  while (runId) {
    const { events } = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    const found: HistoryEvent[] = events ?? [];
    runs.push(found);
    runId = found.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return runs;
}

/** The local activities of a run, in order. */
export function localActivities(run: readonly HistoryEvent[]): readonly string[] {
  return run.flatMap(({ markerRecordedEventAttributes: marker }) => {
    const data = marker?.details?.['data']?.payloads?.[0]?.data;
    if (!data) return [];
    const { activity_type } = JSON.parse(Buffer.from(data).toString()) as { readonly activity_type: string };
    return [activity_type];
  });
}

export interface IterationCost {
  readonly events: number;
  readonly bytes: number;
}

/** What each whole iteration of a run took of its history, from one plan to the next. */
export function iterationCosts(run: readonly HistoryEvent[]): readonly IterationCost[] {
  const starts = run.flatMap((event, index) =>
    event.activityTaskScheduledEventAttributes?.activityType?.name === 'plan' ? [index] : [],
  );
  return starts.slice(0, -1).map((start, index) => {
    const events = run.slice(start, starts[index + 1]);
    const bytes = events.map(
      (event) => proto.temporal.api.history.v1.HistoryEvent.encode(event).finish().length,
    );
    return { events: events.length, bytes: bytes.reduce((sum, one) => sum + one, 0) };
  });
}
