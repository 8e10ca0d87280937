import {
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { classifyClientError } from '../../../client/errors.ts';
import { LonghaulError } from '../../../contracts/error.ts';

/** An error as gRPC gives it: status codes of https://grpc.io/docs/guides/status-codes/. */
const grpc = (code: number, details: string) =>
  Object.assign(new Error(`${code} ${details}`), { code, details, metadata: {} });
const wrapped = (cause: Error) => new ServiceError('Failed to query Workflow', { cause });
const updateFailed = (type: string | undefined, message: string) =>
  new WorkflowUpdateFailedError(
    'Workflow Update failed',
    ApplicationFailure.create({ message, ...(type === undefined ? {} : { type }) }),
  );

describe("what Temporal's client throws becomes", () => {
  test.each([
    ['the code that a validator gave', updateFailed('approval.changed', 'look again'), 'approval.changed'],
    [
      'a bug for a type that is none of ours',
      updateFailed('TypeError', 'x is not a function'),
      'internal.bug',
    ],
    ['a bug for no type', updateFailed(undefined, 'odd'), 'internal.bug'],
    ['a bug for the name of a property of all objects', updateFailed('constructor', 'x'), 'internal.bug'],
    [
      'a missing worker for an update in vain',
      new WorkflowUpdateRPCTimeoutOrCancelledError('late'),
      'worker.missing',
    ],
    ['a missing worker for a query in vain', wrapped(grpc(4, 'Deadline exceeded')), 'worker.missing'],
    ['a missing worker for a query that was given up', wrapped(grpc(1, 'Call cancelled')), 'worker.missing'],
    ['a missing worker where nobody polls', grpc(9, 'no poller seen'), 'worker.missing'],
    ['an unknown task', new WorkflowNotFoundError('no such', 't', undefined), 'task.not_found'],
    ['an unknown task over gRPC', grpc(5, 'not found'), 'task.not_found'],
    [
      'an ended task',
      new WorkflowNotFoundError('workflow execution already completed', 't', undefined),
      'task.ended',
    ],
    [
      'a task id that was used before',
      new WorkflowExecutionAlreadyStartedError('there', 't', 'codingTask'),
      'usage.invalid',
    ],
    ['a server that is away', wrapped(grpc(14, 'connection refused')), 'server.unavailable'],
  ])('%s', (_, error, code) => {
    const classified = classifyClientError(error, 'round-the-cents');
    expect(classified).toBeInstanceOf(LonghaulError);
    expect(classified).toMatchObject({ code });
  });
});

test('an error of ours passes as it is, and so does one that nobody knows', () => {
  const ours = new LonghaulError('policy.invalid', 'x');
  const odd = new RangeError('x');
  const internal = grpc(13, 'internal');
  expect(classifyClientError(ours, 't')).toBe(ours);
  expect(classifyClientError(odd, 't')).toBe(odd);
  expect(classifyClientError(internal, 't')).toBe(internal);
  expect(classifyClientError(undefined, 't')).toBeUndefined();
});

test('the message names the task and what to do', () => {
  const error = classifyClientError(grpc(4, 'late'), 'round-the-cents');
  expect(String(error)).toMatch(/round-the-cents.*longhaul up/);
});
