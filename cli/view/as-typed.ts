import type { TaskEvent } from '../../contracts/task-event.ts';

/** Where a message names a command of this program: `"longhaul up"`, `(longhaul change …)`, `: longhaul up --leave …`. */
const named = /(?<=["`(]|: )longhaul(?= [a-z])/g;

/** A message with its commands as the person can type them. Those who write messages do not know how this program was called. */
export function asTyped(message: string, program: string): string {
  return message.replace(named, () => program);
}

/** The same for what an event says to people; what the model and the commands say stays. */
export function asTypedEvent(event: TaskEvent, program: string): TaskEvent {
  if (event.type === 'live.running') return { ...event, what: asTyped(event.what, program) };
  if (event.type === 'live.retrying') return { ...event, error: asTyped(event.error, program) };
  if (event.type === 'task.finished' || event.type === 'message.refused')
    return { ...event, reason: asTyped(event.reason, program) };
  return event;
}
