import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { Task } from './task.ts';

const maxFaultCharacters = 2000;

/** A stage's fault, `code: message`; undefined for what is no fault of a stage: a cancellation, a bug of the workflow. */
export function faultText(error: unknown): string | undefined {
  if (isCancellation(error)) return undefined;
  // What a local activity threw comes as it is, without an ActivityFailure around it.
  const cause = error instanceof ActivityFailure ? (error.cause ?? error) : error;
  const stage = error instanceof ActivityFailure ? error.activityType : 'a local stage';
  if (cause instanceof ApplicationFailure)
    return `${cause.type ?? 'internal.bug'}: ${cause.message}`.slice(0, maxFaultCharacters);
  if (cause instanceof TimeoutFailure)
    return `internal.bug: ${stage} did not end in time (${cause.timeoutType})`;
  return error instanceof ActivityFailure ? `internal.bug: ${stage}: ${error.message}` : undefined;
}

const firstPauseMs = 5_000;
/** Each try is some events of history, which has to hold for as long as a fault lasts. */
const longestPauseMs = 10 * 60_000;

/** Whether waiting may cure a fault that a stage gave up on: a local stage gives up early, so that people are heard. */
export function passes(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && !cause.nonRetryable);
}

/** How long to wait after so many tries of a stage that gave up on a passing fault. Pure. */
export function pauseAfter(tries: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1));
}

/** Waits before a stage that gave up on a passing fault is tried again; a durable timer. Ends early when a person ends the task. */
export async function waitForPassing(task: Pick<Task, 'state'>, tries: number): Promise<void> {
  await condition(() => task.state.ending !== null, pauseAfter(tries));
}
