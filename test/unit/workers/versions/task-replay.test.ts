import { expect, test } from 'vitest';
import { cannotReplay, stops, stuckNote, type TaskReplay } from '../../../../workers/versions/task-replay.ts';

const replay = (taskId: string, served: boolean, problem: string | null): TaskReplay => ({
  task: { taskId, runId: `run-${taskId}`, build: '0.1.0-aaaaaaaaaaaa', settled: false },
  served,
  problem,
});
const fine = (served: boolean) => replay('fine', served, null);
const broken = (served: boolean) => replay('broken', served, 'it differs');

test.each([
  ['nothing runs', [], false],
  ['all can go on', [fine(true), fine(false)], false],
  ['one cannot, and its version has a worker', [fine(true), broken(true)], true],
  [
    'one cannot, and nothing else can carry it on: the others do not wait with it',
    [fine(false), broken(false)],
    false,
  ],
  ['none can, whoever else could', [broken(false)], true],
])('when %s', (_, replays, expected) => {
  expect(stops(replays)).toBe(expected);
});

test('the refusal names each task, its version, what differs, and both ways on', () => {
  const { message, code } = cannotReplay('0.2.0-b', '0.1.0-aaaaaaaaaaaa', [fine(true), broken(true)]);
  expect(code).toBe('version.cannot_replay');
  expect(message.split('\n')).toEqual([
    'Version 0.2.0-b cannot go on with 1 of 2 running tasks, so it was not made current; 0.1.0-aaaaaaaaaaaa still is.',
    '  broken (of 0.1.0-aaaaaaaaaaaa, which has a worker): it differs',
    'Go on with the version before it: npm install longhaul@0.1.0, then "longhaul up"; see docs/versions.md.',
    'Or leave these tasks to workers of their own version, and use this one for the others: longhaul up --leave broken',
  ]);
});

test('a stuck task is told with the way to run its version', () => {
  expect(stuckNote(broken(false), '0.2.0-b')).toBe(
    'broken is stuck: 0.2.0-b cannot go on with it (it differs), and no worker of its version runs. To run that one: npm install longhaul@0.1.0, then "longhaul up"; see docs/versions.md',
  );
});
