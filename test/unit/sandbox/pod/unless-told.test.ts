import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { endUnlessTold } from '../../../../sandbox/pod/unless-told.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a pod that waits goes on while it is spoken to, and ends once nobody has for the limit', () => {
  let ends = 0;
  const end = (): void => {
    ends += 1;
  };
  const waiting = endUnlessTold(1000, end);
  for (let times = 0; times < 5; times += 1) {
    vi.advanceTimersByTime(900);
    waiting.heard();
  }
  expect(ends).toBe(0);
  vi.advanceTimersByTime(1000);
  expect(ends).toBe(1);
});

test('a pod that has its lease does not end for silence', () => {
  let ends = 0;
  const end = (): void => {
    ends += 1;
  };
  const waiting = endUnlessTold(1000, end);
  waiting.told();
  waiting.heard();
  vi.advanceTimersByTime(100_000);
  expect(ends).toBe(0);
});
