import type { TaskClient } from '../../client/task-client.ts';
import type { TaskId } from '../../contracts/ids.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';

/** What has happened in a task so far, from its beginning; needs no worker. */
export async function allEvents(client: TaskClient, taskId: TaskId): Promise<readonly TaskEvent[]> {
  const options = { signal: new AbortController().signal, live: false, follow: false };
  const events: TaskEvent[] = [];
  for await (const event of client.watch(taskId, options)) events.push(event);
  return events;
}
