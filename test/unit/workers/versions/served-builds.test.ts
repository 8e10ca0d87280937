import { expect, test } from 'vitest';
import { type Poller, servedBuilds, type Witness } from '../../../../workers/versions/served-builds.ts';

const nowMs = 1_000_000;
const witness: Witness = {
  nowMs,
  identity: '10@here',
  host: 'here',
  localBuilds: [],
  isRunning: (pid) => pid === 20,
};
const served = (identity: string, agoMs: number, more: Partial<Witness> = {}) => {
  const poller: Poller = { buildId: 'b', identity, lastSeenMs: nowMs - agoMs };
  return servedBuilds([poller], { ...witness, ...more }).has('b');
};

test.each([
  ['20@here', 0, true, 'a process of this machine that runs'],
  ['20@here', 250_000, true, 'one that runs and waits'],
  ['30@here', 0, false, 'one that died just now, though it has polled'],
  ['10@here', 0, false, 'one from before whose pid and host this worker has now'],
  ['30@there', 60_000, true, 'one elsewhere, within its poll'],
  ['30@there', 100_000, false, 'one elsewhere that has not polled again'],
  ['blue-1', 60_000, true, 'one with a name of its own'],
] as const)('the worker %s, seen %i ms ago, is there: %s (%s)', (identity, agoMs, there, _) => {
  expect(served(identity, agoMs)).toBe(there);
});

test('a worker of this home that the server has not seen yet counts', () => {
  expect(servedBuilds([], { ...witness, localBuilds: ['b'] }).has('b')).toBe(true);
});
