import type { EventBody, HistoryEvent } from './event-body.ts';
import { closingEvents, startEvents } from './life-events.ts';
import { localActivityOf } from './local-activity.ts';
import { type PendingUpdate, pendingUpdate, signalEvents, updateEvents } from './message-events.ts';
import { activityEvents, localActivityEvents } from './stage-events.ts';

/** What the projection carries from one event of a run to the next. */
export interface ProjectionState {
  readonly activityTypes: ReadonlyMap<string, string>;
  readonly iteration: number;
  /** Updates that were let in and have no answer yet, by the event that let them in. */
  readonly updates: ReadonlyMap<string, PendingUpdate>;
}

export const emptyProjection: ProjectionState = {
  activityTypes: new Map(),
  iteration: 0,
  updates: new Map(),
};

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
  const accepted = event.workflowExecutionUpdateAcceptedEventAttributes;
  if (accepted) {
    const updates = new Map(state.updates).set(String(event.eventId), pendingUpdate(accepted));
    return { state: { ...state, updates }, events: [] };
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
  const updated = event.workflowExecutionUpdateCompletedEventAttributes;
  if (updated) {
    const update = state.updates.get(String(updated.acceptedEventId));
    return update ? updateEvents(update, updated) : [];
  }
  const signaled = event.workflowExecutionSignaledEventAttributes;
  if (signaled) return signalEvents(signaled);
  return [...startEvents(event), ...closingEvents(event)];
}
