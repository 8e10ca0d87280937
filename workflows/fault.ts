import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  sleep,
  TimeoutFailure,
} from '@temporalio/workflow';

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

const passingFaultPause = '30s';

/** Whether waiting may cure a fault that a stage gave up on: a local stage gives up early, to hold no workflow task. */
export function passes(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && !cause.nonRetryable);
}

/** Waits before a stage that gave up on a passing fault is tried again; a durable timer. */
export async function waitForPassing(): Promise<void> {
  await sleep(passingFaultPause);
}
