import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createIdleWatch } from '../../../../sandbox/pod/idle-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a pod that nobody ever calls is idle after the limit', () => {
  let ended = 0;
  createIdleWatch(1000, () => (ended += 1));
  vi.advanceTimersByTime(999);
  expect(ended).toBe(0);
  vi.advanceTimersByTime(1);
  expect(ended).toBe(1);
});

test('work that goes on keeps a pod, however long, and the limit counts from the end of the last', async () => {
  let ended = 0;
  const idle = createIdleWatch(1000, () => (ended += 1));
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const both = [idle.during(() => first.promise), idle.during(() => second.promise)];
  vi.advanceTimersByTime(5000);
  first.reject(new Error('it failed'));
  await expect(both[0]).rejects.toThrow('it failed');
  vi.advanceTimersByTime(5000);
  expect(ended).toBe(0);
  second.resolve();
  await both[1];
  vi.advanceTimersByTime(999);
  expect(ended).toBe(0);
  vi.advanceTimersByTime(1);
  expect(ended).toBe(1);
});
