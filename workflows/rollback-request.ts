import type { TaskState } from '../contracts/task-state.ts';
import { type MessageProblem, shown } from './message-problem.ts';
import { partOf, senderOf } from './sender.ts';
import type { Task } from './task.ts';
import { withdraw } from './withdraw.ts';

export interface RollbackRequest {
  readonly toIteration: number;
}

/** What is wrong with the form of a request, whatever the task is like. Synchronous and total: the payload may be anything. */
export function malformedRollback(request: RollbackRequest): MessageProblem | undefined {
  const toIteration = partOf(request, 'toIteration');
  if (typeof toIteration === 'number' && Number.isSafeInteger(toIteration) && toIteration >= 0)
    return undefined;
  const message = `expected an iteration from 0 (the base) on to go back to, got ${shown(toIteration)}`;
  return { code: 'usage.invalid', message };
}

/** Why the task cannot go back to there now; undefined when it can. */
export function rollbackProblem(
  { iteration }: TaskState,
  { toIteration }: RollbackRequest,
): MessageProblem | undefined {
  if (toIteration < iteration) return undefined;
  const found =
    iteration === 0
      ? 'no iteration has begun, so there is nothing to go back from'
      : `expected an iteration from 0 (the base) to ${iteration - 1} to go back to`;
  return { code: 'usage.invalid', message: `${found}, got ${shown(toIteration)}` };
}

/** Asks for a rollback that has been judged: carried out between iterations; of two the later one counts. */
export function requestRollback(
  task: Task,
  request: RollbackRequest,
): RollbackRequest & { readonly withdrawn: readonly string[] } {
  const { toIteration } = request;
  const by = senderOf(request, 'update');
  task.apply({ type: 'rollback_requested', toIteration });
  const reason = `${by.name} rolls the workspace back to the end of iteration ${toIteration}`;
  return { toIteration, withdrawn: withdraw(task, { type: 'rollback' }, by, reason) };
}
