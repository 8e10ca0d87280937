import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextReminder } from '../../../workflows/reminders.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

function all(openedAtMs: number, expiresAtMs: number): readonly number[] {
  const times: number[] = [];
  for (let afterMs = openedAtMs; ; ) {
    const next = nextReminder(openedAtMs, afterMs, expiresAtMs);
    if (next === null) return times;
    expect(next.number).toBe(times.length + 1);
    times.push(next.atMs - openedAtMs);
    afterMs = next.atMs;
  }
}

test('a question of 90 days is reminded of after an hour, a day, and then weekly', () => {
  const weeks = Array.from({ length: 12 }, (_, index) => (index + 1) * 7 * dayMs);
  expect(all(5, 5 + 90 * dayMs)).toEqual([hourMs, dayMs, ...weeks]);
});

test('a question of half an hour is never reminded of', () => {
  expect(all(0, hourMs / 2)).toEqual([]);
  expect(all(0, hourMs)).toEqual([]);
});

test('no reminder is at or after the expiry or before the moment it is asked for', () => {
  fc.assert(
    fc.property(fc.nat(1e9), fc.nat(2e10), fc.nat(2e10), (openedAtMs, later, lasts) => {
      const next = nextReminder(openedAtMs, openedAtMs + later, openedAtMs + lasts);
      if (next === null) return;
      expect(next.atMs).toBeGreaterThan(openedAtMs + later);
      expect(next.atMs).toBeLessThan(openedAtMs + lasts);
    }),
  );
});
