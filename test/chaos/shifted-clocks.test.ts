import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerAll } from './answer-all.ts';
import { type ChaosTask, type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { reaches } from './level.ts';
import { judgeEnd, report, untilStopped } from './run-cell.ts';

const twoDaysMs = 2 * 24 * 60 * 60 * 1000;
const preload = pathToFileURL(join(import.meta.dirname, 'faults/shifted-clock.ts')).href;
const directory = mkdtempSync(join(tmpdir(), 'longhaul-clock-'));
const clock = join(directory, 'clock');

let world: ChaosWorld;

beforeAll(async () => {
  world = await openChaosWorld({
    env: { NODE_OPTIONS: `--import ${preload}`, LONGHAUL_CHAOS_CLOCK: clock },
  });
});
afterAll(async () => {
  await world.close();
  rmSync(directory, { recursive: true, force: true });
});

const setForward = () => writeFileSync(clock, String(twoDaysMs));

async function expectAsWithout(task: ChaosTask, moment: string): Promise<void> {
  const problems = await judgeEnd(world, task, false);
  report({ fault: 'clock of the workers two days ahead', moment, recoveryMs: null, problems });
  expect(problems).toEqual([]);
  const ahead = world.moments.started(task.taskId).filter(({ atMs }) => atMs > Date.now() + twoDaysMs / 2);
  expect(ahead.length).toBeGreaterThan(0);
}

test.runIf(reaches('usual'))(
  'a clock that is set two days ahead in the middle of an iteration: the task ends as without',
  async () => {
    rmSync(clock, { force: true });
    const task = await world.startTask({
      stage: 'execute',
      at: 'got',
      call: 'sandbox.exec',
      iteration: null,
    });
    await untilStopped(world, task, 'the first command');
    setForward();
    world.moments.letGo(task.taskId);
    await expectAsWithout(task, 'inside execute');
  },
);

test('a clock that is set two days ahead while a person is waited for: the question does not expire, and the answer counts', async () => {
  rmSync(clock, { force: true });
  const task = await world.startTask(null, {}, () => undefined);
  await task.story.until('approval.opened');
  setForward();
  answerAll(world.client, task.story);
  await expectAsWithout(task, 'while a person is waited for');
});
