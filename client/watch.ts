import { EventEmitter, on } from 'node:events';
import type { Client } from '@temporalio/client';
import type { TaskEvent } from '../contracts/task-event.ts';
import { history } from './history.ts';
import { liveEvents } from './live.ts';
import type { EventBody } from './projection/event-body.ts';
import { emptyProjection, project } from './projection/project.ts';

const livePollMs = 500;

export interface WatchOptions {
  readonly follow: boolean;
  readonly live: boolean;
  readonly signal: AbortSignal;
}

/** A task's events: what history holds, then what comes, with what runs right now in between. */
export async function* watchTask(
  client: Client,
  taskId: string,
  options: WatchOptions,
): AsyncGenerator<TaskEvent> {
  if (!(options.live && options.follow)) return yield* recorded(client, taskId, options);
  const channel = new EventEmitter();
  const ended = new AbortController();
  const stop = AbortSignal.any([options.signal, ended.signal]);
  const emit = (event: TaskEvent) => channel.emit('event', event);
  const events = on(channel, 'event', { close: ['end'], signal: options.signal });
  const story = pump(recorded(client, taskId, { ...options, signal: stop }), emit);
  const live = pollLive(client, taskId, stop, emit);
  story.then(
    () => channel.emit('end'),
    (error: unknown) => channel.emit('error', error),
  );
  try {
    for await (const [event] of events) yield event as TaskEvent;
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    ended.abort();
    await Promise.allSettled([story, live]);
  }
}

async function* recorded(client: Client, taskId: string, options: WatchOptions): AsyncGenerator<TaskEvent> {
  let state = emptyProjection;
  let run = 0;
  for await (const { runIndex, event } of history(client, taskId, options)) {
    if (runIndex !== run) {
      run = runIndex;
      state = emptyProjection;
    }
    const projected = project(state, event);
    state = projected.state;
    const atMs =
      Number(event.eventTime?.seconds ?? 0) * 1000 + Math.floor((event.eventTime?.nanos ?? 0) / 1e6);
    for (const body of projected.events) yield place(body, taskId, `${runIndex}.${event.eventId}`, atMs);
  }
}

async function pump(source: AsyncIterable<TaskEvent>, emit: (event: TaskEvent) => void): Promise<void> {
  for await (const event of source) emit(event);
}

/** Gives what runs now whenever it has changed. An outage of the server is silent here: history's own wait shows it. */
async function pollLive(
  client: Client,
  taskId: string,
  signal: AbortSignal,
  emit: (event: TaskEvent) => void,
): Promise<void> {
  let shown = '';
  const ticks = new EventEmitter();
  const timer = setInterval(() => ticks.emit('tick'), livePollMs);
  try {
    for await (const _ of on(ticks, 'tick', { signal })) {
      const events = await liveEvents(client, taskId).catch(() => []);
      const now = JSON.stringify(events);
      if (now === shown) continue;
      shown = now;
      for (const body of events) emit(place(body, taskId, '', Date.now()));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(timer);
  }
}

function place(body: EventBody, taskId: string, seq: string, atMs: number): TaskEvent {
  return { ...body, taskId, seq, atMs } as TaskEvent;
}
