import type { EventBody, HistoryEvent } from './event-body.ts';
import { closingEvents, startEvents } from './life-events.ts';
import { localActivityOf } from './local-activity.ts';
import { answerEvents, signalEvents } from './message-events.ts';
import { activityEvents, localActivityEvents } from './stage-events.ts';

/** What the projection carries from one event of a run to the next. */
export interface ProjectionState {
  readonly activityTypes: ReadonlyMap<string, string>;
  readonly iteration: number;
}

export const emptyProjection: ProjectionState = { activityTypes: new Map(), iteration: 0 };

/**
 * One event of Temporal's history as events of the task. Pure, and the only reader of history's form: live view, audit and capsule
 * all see this projection, so they cannot disagree.
 */
export function project(
  state: ProjectionState,
  event: HistoryEvent,
): { readonly state: ProjectionState; readonly events: readonly EventBody[] } {
  const scheduled = event.activityTaskScheduledEventAttributes;
  if (scheduled) {
    const activityTypes = new Map(state.activityTypes).set(
      String(event.eventId),
      scheduled.activityType?.name ?? '',
    );
    return { state: { ...state, activityTypes }, events: [] };
  }
  const events = eventsOf(state, event);
  const planned = events.find((e) => e.type === 'iteration.planned');
  return { state: planned ? { ...state, iteration: planned.iteration } : state, events };
}

function eventsOf(state: ProjectionState, event: HistoryEvent): readonly EventBody[] {
  const completed = event.activityTaskCompletedEventAttributes;
  if (completed)
    return activityEvents(state.activityTypes.get(String(completed.scheduledEventId)) ?? '', completed);
  const marker = event.markerRecordedEventAttributes;
  if (marker) {
    const local = localActivityOf(marker);
    return local ? localActivityEvents(local.type, local.result) : [];
  }
  const accepted = event.workflowExecutionUpdateAcceptedEventAttributes;
  if (accepted) return answerEvents(accepted);
  const signaled = event.workflowExecutionSignaledEventAttributes;
  if (signaled) return signalEvents(signaled);
  return [...startEvents(event), ...closingEvents(event)];
}
