import type { TaskClient } from '../../client/task-client.ts';
import type { Answer, PendingApproval } from '../../contracts/approval.ts';
import type { TaskId } from '../../contracts/ids.ts';
import type { TaskEvent, TaskEventType } from '../../contracts/task-event.ts';

export type EventOf<Type extends TaskEventType> = Extract<TaskEvent, { type: Type }>;
export type Finished = EventOf<'task.finished'>;

/** A task's events as the client gives them: those so far, and a wait for those to come. */
export interface Story {
  readonly taskId: TaskId;
  readonly events: readonly TaskEvent[];
  /** The first event of this type that fits, of the past or to come. Throws with the story so far when the task ends without one. */
  until<Type extends TaskEventType>(
    type: Type,
    fits?: (event: EventOf<Type>) => boolean,
  ): Promise<EventOf<Type>>;
  end(): Promise<Finished>;
  answer(approval: PendingApproval, answer?: Partial<Answer>): Promise<void>;
  stop(): Promise<void>;
}

/** Follows a task from its beginning. `onEvent` sees each event as it comes. */
export function followStory(
  client: TaskClient,
  taskId: TaskId,
  onEvent: (event: TaskEvent) => void = () => undefined,
): Story {
  const events: TaskEvent[] = [];
  const waiting = new Set<() => void>();
  const stopped = new AbortController();
  const watching = (async () => {
    const options = { follow: true, live: true, signal: stopped.signal };
    for await (const event of client.watch(taskId, options)) {
      events.push(event);
      onEvent(event);
      refuseRefusal(event);
      for (const look of [...waiting]) look();
    }
  })();
  watching.catch(() => undefined);
  const answered = new Set<string>();

  function until<Type extends TaskEventType>(
    type: Type,
    fits: (event: EventOf<Type>) => boolean = () => true,
  ): Promise<EventOf<Type>> {
    return new Promise((resolve, reject) => {
      const isIt = (event: TaskEvent): event is EventOf<Type> =>
        event.type === type && fits(event as EventOf<Type>);
      const look = () => {
        const event = events.find(isIt);
        if (event === undefined) return;
        waiting.delete(look);
        resolve(event);
      };
      waiting.add(look);
      look();
      const ended = (cause?: unknown) => {
        look();
        reject(new Error(`${taskId} ended without ${type}:\n${told(events)}`, { cause }));
      };
      watching.then(ended, ended);
    });
  }

  const hasFinished = () => events.some((event) => event.type === 'task.finished');

  return {
    taskId,
    events,
    until,
    end() {
      const stuck = until(
        'approval.opened',
        ({ approval }) => approval.subject === 'fault' && !answered.has(approval.approvalId),
      ).then(() => {
        throw new Error(`${taskId} waits for a person over a fault:\n${told(events)}`);
      });
      const finished = until('task.finished');
      // The one that ends second fails for want of its event.
      for (const end of [stuck, finished]) end.catch(() => undefined);
      return Promise.race([
        finished,
        stuck.catch((error: unknown) => (hasFinished() ? finished : raise(error))),
      ]);
    },
    async answer({ approvalId, digest }, answer = {}) {
      answered.add(approvalId);
      const by = { name: 'tester', proof: 'os_user' } as const;
      const whole: Answer = {
        approvalId,
        digest,
        outcome: 'granted',
        reason: '',
        scope: 'once',
        editedDigest: null,
        by,
        ...answer,
      };
      await client.decide(taskId, whole);
    },
    async stop() {
      stopped.abort();
      await watching.catch(() => undefined);
    },
  };
}

/** A request that the scenario does not expect would be tried again for days. */
function refuseRefusal(event: TaskEvent): void {
  if (event.type === 'live.retrying' && event.error.includes('scripted model:')) throw new Error(event.error);
}

function raise(error: unknown): never {
  throw error;
}

/** A story in short, for error messages. */
function told(events: readonly TaskEvent[]): string {
  return events.map((event) => JSON.stringify(event).slice(0, 400)).join('\n');
}
