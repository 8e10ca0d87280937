import { expect, test } from 'vitest';
import { pauseAfter } from '../../../workflows/fault.ts';

test('the pauses between tries grow from seconds to ten minutes, so that a fault of a week fills no history', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9].map((tries) => pauseAfter(tries) / 1000)).toEqual([
    5, 10, 20, 40, 80, 160, 320, 600, 600,
  ]);
  const weekMs = 7 * 24 * 3_600_000;
  let tries = 0;
  for (let waitedMs = 0; waitedMs < weekMs; waitedMs += pauseAfter(tries)) tries += 1;
  // Of a local stage with its timers, until it gives up after a minute; the server ends a run at 51,200 events.
  const eventsOfOneTry = 40;
  expect(tries * eventsOfOneTry).toBeLessThan(51_200);
});
