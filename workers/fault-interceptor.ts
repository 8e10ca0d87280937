import { ApplicationFailure, type Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor, ActivityInterceptors } from '@temporalio/worker';
import { LonghaulError } from '../contracts/error.ts';
import type { ErrorCode } from '../contracts/words/errors.ts';
import { shortCause, shortMessage, shortStack } from './short-failure.ts';

/** A result above this fails for good: history holds references, and the server would refuse it above 2 MB after retrying for ever. */
const maxResultBytes = 64 * 1024;
/** A bug is tried again a few times, in case that it is a race, and then put to a person. */
const bugTries = 4;

/** Passing faults that are not waited out for ever: each try costs money, or its cause is likely to stay. After so many a person is asked. */
const maxTries: { readonly [code in ErrorCode]?: number } = {
  'model.bad_response': 3,
  'model.stream_broken': 20,
  'sandbox.start_failed': 10,
  'sandbox.lost': 10,
  'artifact.not_found': 5,
};

/** A fault that says no time itself is tried again after 1 s, 2 s, 4 s, … 60 s. The workflow's own times are for workers that die, and shorter. */
const longestDelayMs = 60_000;

/** Turns Longhaul's errors into Temporal's failures by the error table, and holds results to their size. */
export function faultInterceptor({ info, cancellationSignal }: Context): ActivityInterceptors {
  const inbound: ActivityInboundCallsInterceptor = {
    async execute(input, next) {
      try {
        const result = await next(input);
        checkSize(info.activityType, result);
        return result;
      } catch (error) {
        // An abort that nobody asked this activity for is a bug like any other, not the end of the task.
        if (cancellationSignal.aborted && isAbort(error)) throw cancelled(error);
        throw error instanceof CancelledFailure ? error : toFailure(error, info.attempt);
      }
    },
  };
  return { inbound };
}

function checkSize(activity: string, result: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(result) ?? '');
  if (bytes <= maxResultBytes) return;
  throw new LonghaulError(
    'payload.too_large',
    `${activity} gave ${bytes} bytes, at most ${maxResultBytes} go into history: a bug, large things are artifacts`,
  );
}

/** What an activity threw, as the failure that the server and the workflow read: short enough for the server to keep it whole. */
export function toFailure(error: unknown, attempt: number): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const failure = failureOf(error, Math.min(longestDelayMs, 1000 * 2 ** (attempt - 1)), attempt);
  // Its own would only lead here.
  failure.stack = shortStack(error);
  return failure;
}

function failureOf(error: unknown, delayMs: number, attempt: number): ApplicationFailure {
  if (error instanceof LonghaulError) {
    const { code, message, retryable, retryAfterMs, details } = error;
    return ApplicationFailure.create({
      type: code,
      message: shortMessage(message),
      nonRetryable: !retryable || attempt >= (maxTries[code] ?? Number.POSITIVE_INFINITY),
      details: [details],
      ...shortCause(error),
      nextRetryDelay: retryAfterMs ?? delayMs,
    });
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return ApplicationFailure.create({
    type: 'internal.bug',
    message: shortMessage(message),
    nonRetryable: attempt >= bugTries,
    nextRetryDelay: delayMs,
    ...shortCause(error),
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function cancelled(error: unknown): CancelledFailure {
  return error instanceof CancelledFailure ? error : new CancelledFailure('aborted with its activity');
}
