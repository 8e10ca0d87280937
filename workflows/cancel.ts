import type { TaskState } from '../contracts/task-state.ts';
import { noteMessage, partOf, senderOf } from './sender.ts';
import type { Task } from './task.ts';

/**
 * A person wants the task to end. `mode: 'soft'` lets what runs be finished and recorded; everything else, a plain signal without a mode
 * too, ends it at once, as does a soft one where nothing runs that is worth finishing.
 */
export function requestCancel(task: Task, payload: unknown, cancelNow: () => void): void {
  const mode = partOf(payload, 'mode') === 'soft' ? 'soft' : 'now';
  const { name } = senderOf(payload, 'signal');
  noteMessage(task, { kind: 'cancel', payload, via: 'signal' }, mode);
  const idle = nothingRuns(task.state);
  task.apply({ type: 'cancel_requested', ending: { mode, by: name, atMs: Date.now() } });
  if (mode === 'now' || idle) cancelNow();
}

/** Whether nothing is lost by ending now: no action, check or delivery is under way. */
function nothingRuns({ status, planning }: TaskState): boolean {
  return planning || status === 'preparing' || status === 'waiting' || status === 'paused';
}
