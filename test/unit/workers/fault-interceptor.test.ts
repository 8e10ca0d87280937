import { ApplicationFailure } from '@temporalio/activity';
import { CancelledFailure, defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import { LonghaulError } from '../../../contracts/error.ts';
import { faultInterceptor, toFailure } from '../../../workers/fault-interceptor.ts';
import { quiet } from '../../helpers/task-fixture.ts';

function environment(attempt = 1): MockActivityEnvironment {
  return new MockActivityEnvironment(
    { attempt, activityType: 'plan' },
    { interceptors: [faultInterceptor], logger: quiet },
  );
}

/** What a worker would report of an activity that does this. */
async function failureOf(work: () => unknown, attempt = 1): Promise<unknown> {
  return environment(attempt)
    .run(async () => work())
    .then(
      (result: unknown) => ({ result }),
      (error: unknown) => error,
    );
}

const throwing = (error: unknown) => () => {
  throw error;
};

describe('a fault of ours', () => {
  test('becomes a failure of its code, with its facts', async () => {
    const error = new LonghaulError('repository.unavailable', 'cannot reach it', { details: { host: 'h' } });
    expect(await failureOf(throwing(error))).toMatchObject({
      type: 'repository.unavailable',
      message: 'cannot reach it',
      nonRetryable: false,
      details: [{ host: 'h' }],
    });
  });

  test.each([
    [1, 1_000],
    [2, 2_000],
    [6, 32_000],
    [7, 60_000],
    [50, 60_000],
  ])('that says no time itself is tried again, after try %i in %i ms', async (attempt, delayMs) => {
    const error = new LonghaulError('repository.unavailable', 'cannot reach it');
    expect(await failureOf(throwing(error), attempt)).toMatchObject({ nextRetryDelay: delayMs });
  });

  test('that no retry cures is not retried', async () => {
    const error = new LonghaulError('model.unauthorized', 'the key is refused');
    expect(await failureOf(throwing(error))).toMatchObject({
      type: 'model.unauthorized',
      nonRetryable: true,
    });
  });

  test('waits as long as the other side said, to the millisecond', async () => {
    const error = new LonghaulError('model.rate_limited', 'slow down', { retryAfterMs: 7_200_001 });
    expect(await failureOf(throwing(error))).toMatchObject({
      nonRetryable: false,
      nextRetryDelay: 7_200_001,
    });
  });
});

describe('a bug', () => {
  test.each([
    [1, false],
    [3, false],
    [4, true],
    [5, true],
  ])('on try %i: final is %s', async (attempt, nonRetryable) => {
    expect(await failureOf(throwing(new TypeError('x is undefined')), attempt)).toMatchObject({
      type: 'internal.bug',
      message: 'TypeError: x is undefined',
      nonRetryable,
    });
  });

  test('may be anything that was thrown', () => {
    expect(toFailure('words', 1)).toMatchObject({ type: 'internal.bug', message: 'words' });
    expect(toFailure(undefined, 1)).toMatchObject({ type: 'internal.bug', message: 'undefined' });
  });

  test('that aborts itself without a cancellation does not look like one', async () => {
    const abort = new DOMException('This operation was aborted', 'AbortError');
    expect(await failureOf(throwing(abort))).toMatchObject({ type: 'internal.bug' });
  });
});

describe('a failure is short enough for the server to keep it whole', () => {
  const long = (letter: string) => `begins ${letter.repeat(20_000)} ends`;
  const cause = new Error(long('b'), { cause: new Error(long('c'), { cause: long('d') }) });
  const sizeOf = (error: unknown) => {
    const failure = defaultFailureConverter.errorToFailure(toFailure(error, 1), defaultPayloadConverter);
    return temporal.api.failure.v1.Failure.encode(failure).finish().length;
  };

  test.each([
    ['a fault', new LonghaulError('repository.unavailable', long('a'), { cause, details: { host: 'h' } })],
    ['a bug', new TypeError(long('a'), { cause })],
    ['a bug in another script', new TypeError(long('文'), { cause })],
    ['a word', long('x')],
  ])('%s', (_, error) => {
    expect(sizeOf(error)).toBeLessThan(4096 - 256);
    const { message } = toFailure(error, 1);
    expect(message).toMatch(/^(TypeError: )?begins .* \[…\] .* ends$/);
    expect(message).not.toContain('\uFFFD');
  });

  test('and keeps the beginning and the end of each cause, and where it was thrown', () => {
    const failure = toFailure(new TypeError('x', { cause }), 1);
    expect(failure.cause?.message).toMatch(/^Error: begins b+ \[…\] b+ ends$/);
    expect(failure.cause?.cause).toMatchObject({ message: expect.stringMatching(/^Error: begins c/) });
    expect(failure.stack).toMatch(/^\s+at .*fault-interceptor\.test/);
  });
});

test("Temporal's own failures pass as they are", async () => {
  const failure = ApplicationFailure.nonRetryable('no', 'other');
  expect(await failureOf(throwing(failure))).toBe(failure);
});

describe('a result', () => {
  test('of 64 KiB goes into history', async () => {
    const result = 'x'.repeat(64 * 1024 - 2);
    expect(await failureOf(() => result)).toEqual({ result });
  });

  test('above it, in bytes, fails for good', async () => {
    expect(await failureOf(() => 'é'.repeat(32 * 1024))).toMatchObject({
      type: 'payload.too_large',
      nonRetryable: true,
      message: expect.stringContaining('plan gave 65538 bytes'),
    });
  });

  test('may be nothing', async () => {
    expect(await failureOf(() => undefined)).toEqual({ result: undefined });
  });
});

describe('a cancellation', () => {
  test('passes as one', async () => {
    const cancellation = new CancelledFailure('CANCELLED');
    expect(await failureOf(throwing(cancellation))).toBe(cancellation);
  });

  test('that arrives as an abort of the signal passes as one', async () => {
    const env = environment();
    const running = env.run(async () => {
      const abort = new DOMException('This operation was aborted', 'AbortError');
      await new Promise((resolve) => env.context.cancellationSignal.addEventListener('abort', resolve));
      throw abort;
    });
    env.cancel();
    await expect(running).rejects.toBeInstanceOf(CancelledFailure);
  });
});
