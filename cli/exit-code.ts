import type { TaskOutcome } from '../contracts/task-state.ts';
import { type ErrorCode, errorTable } from '../contracts/words/errors.ts';

/** Of a command that was left by Ctrl-C or by "later" while its task goes on: no failure of the task, and no delivery. */
export const detachedExitCode = 130;

/** Of a command whose reader has gone away, as the shell gives it for SIGPIPE. */
export const brokenPipeExitCode = 141;

/** 0 for a delivered task. A reason that begins with an error code gives that code's, anything else 3. */
export function outcomeExitCode({ status, reason }: Pick<TaskOutcome, 'status' | 'reason'>): number {
  return status === 'delivered' ? 0 : errorTable[outcomeErrorCode({ status, reason })].exitCode;
}

/** The error code behind an outcome that is no delivery. */
export function outcomeErrorCode({ status, reason }: Pick<TaskOutcome, 'status' | 'reason'>): ErrorCode {
  const word = /^[a-z_]+\.[a-z_]+/.exec(reason)?.[0];
  if (word !== undefined && isErrorCode(word)) return word;
  if (status === 'cancelled') return 'task.cancelled';
  return status === 'failed' ? 'task.failed' : 'task.stopped';
}

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTable, text);
}
