import {
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { LonghaulError } from '../contracts/error.ts';
import { type ErrorCode, errorTable } from '../contracts/words/errors.ts';

// gRPC status codes, https://grpc.io/docs/guides/status-codes/
const cancelled = 1;
const deadlineExceeded = 4;
const notFound = 5;
const failedPrecondition = 9;
const unavailable = 14;

/** Temporal's errors in Longhaul's codes: the one classifier of this dependency. What it does not know passes through. */
export function classifyClientError(error: unknown, taskId: string): unknown {
  if (error instanceof LonghaulError) return error;
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure)
    return ofFailure(error.cause);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return unconfirmed(taskId, error);
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    return new LonghaulError(
      'usage.invalid',
      `a task ${taskId} exists already and has ended: choose another id`,
      { cause: error },
    );
  }
  if (error instanceof WorkflowNotFoundError) return notFoundOrEnded(taskId, error);
  return isGrpcServiceError(grpcOf(error))
    ? ofGrpc(grpcOf(error) as { code: number; details: string }, taskId, error)
    : error;
}

function grpcOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined && isGrpcServiceError(error.cause)
    ? error.cause
    : error;
}

function ofGrpc(
  { code, details }: { readonly code: number; readonly details: string },
  taskId: string,
  cause: unknown,
): unknown {
  switch (code) {
    case notFound:
      return notFoundOrEnded(taskId, cause);
    // A call whose own deadline is over shows either, as it falls.
    case cancelled:
    case deadlineExceeded:
    case failedPrecondition:
      return noWorker(taskId, cause);
    case unavailable:
      return new LonghaulError(
        'server.unavailable',
        `the Temporal server does not answer: ${details}. Start it with "longhaul up", or see "longhaul doctor"`,
        { cause },
      );
    default:
      return cause;
  }
}

function notFoundOrEnded(taskId: string, cause: unknown): LonghaulError {
  const ended = cause instanceof Error && cause.message.includes('already completed');
  return ended
    ? new LonghaulError('task.ended', `the task ${taskId} has ended: nothing can be told to it any more`, {
        cause,
      })
    : new LonghaulError(
        'task.not_found',
        `there is no task ${taskId} on this server: "longhaul ls" shows those that are`,
        { cause },
      );
}

/** The server keeps an update that no worker has seen yet: it may count later, also against an answer that is given after it. */
function unconfirmed(taskId: string, cause: unknown): LonghaulError {
  return new LonghaulError(
    'worker.missing',
    `it was sent to the task ${taskId} and is not confirmed, since no worker answers: it counts once one runs, before anything that is sent later. Start one with "longhaul up", then look with "longhaul show"`,
    { cause },
  );
}

function noWorker(taskId: string, cause: unknown): LonghaulError {
  return new LonghaulError(
    'worker.missing',
    `no worker answers for the task ${taskId}: start one with "longhaul up"`,
    { cause },
  );
}

function ofFailure(failure: ApplicationFailure): LonghaulError {
  const code: ErrorCode =
    failure.type && Object.hasOwn(errorTable, failure.type) ? (failure.type as ErrorCode) : 'internal.bug';
  return new LonghaulError(code, failure.message, { cause: failure });
}
