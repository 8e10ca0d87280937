import type { temporal } from '@temporalio/proto';
import type { TaskEvent } from '../../contracts/task-event.ts';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** An event without its place. */
export type EventBody = TaskEvent extends infer E
  ? E extends TaskEvent
    ? Omit<E, 'taskId' | 'seq' | 'atMs'>
    : never
  : never;
