import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { letGo, untilMade } from '../helpers/e2e-scenario.ts';
import { git } from '../helpers/git-fixture.ts';
import { type ChaosTask, type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { reaches } from './level.ts';
import type { Moment } from './moments/moment.ts';
import { judgeEnd, report, untilStopped } from './run-cell.ts';
import { instructionOf } from './script.ts';

const limitMs = 60_000;
/** The fence answers at once. */
const stoppedWithinMs = 15_000;

let world: ChaosWorld;

beforeAll(async () => {
  world = await openChaosWorld();
});
afterAll(() => world.close());

const asks = (stage: Moment['stage'], call: string, iteration: number | null = null): Moment => ({
  stage,
  at: 'asks',
  call,
  iteration,
});

/** Freezes the worker that has come to its moment, and wakes it when the task is elsewhere. Comes back when the worker has seen that nothing is left to do. */
async function freezeUntil(task: ChaosTask, elsewhere: () => Promise<unknown>): Promise<void> {
  const { pid } = await untilStopped(world, task, 'the call');
  process.kill(pid, 'SIGSTOP');
  try {
    await elsewhere();
  } finally {
    world.moments.letGo(task.taskId);
    process.kill(pid, 'SIGCONT');
  }
  await vi.waitFor(
    () => {
      if (!world.moments.passed(task.taskId)) throw new Error('it is still at work on what is not its own');
    },
    { timeout: stoppedWithinMs },
  );
}

async function expectAsWithout(task: ChaosTask, moment: string): Promise<void> {
  // Nothing has died: no model call may be paid twice.
  const problems = await judgeEnd(world, task, false, 0);
  report({ fault: 'a worker that returns when the task is elsewhere', moment, recoveryMs: null, problems });
  expect(problems).toEqual([]);
}

const heldLater = { instruction: instructionOf('held later') };

test('a worker that returns to its checkpoint while a later command runs: the checkpoint stands as it was recorded', async () => {
  const task = await world.startTask(asks('execute', 'sandbox.checkpoint', 1), heldLater);
  await freezeUntil(task, () => untilMade(world, task.taskId, 'begun'));
  letGo(world, task.taskId);
  await expectAsWithout(task, 'before a checkpoint');
});

test.runIf(reaches('usual'))(
  'a worker that returns to its rollback while a later command runs: what was done since stays',
  async () => {
    const task = await world.startTask(asks('rollBack', 'sandbox.restore'), heldLater);
    try {
      await freezeUntil(task, () => untilMade(world, task.taskId, 'begun'));
    } finally {
      letGo(world, task.taskId);
    }
    await expectAsWithout(task, 'before a rollback');
  },
);

test('a worker that returns to its model call when another has had the answer: the answer is paid once', async () => {
  const task = await world.startTask(asks('plan', 'model.respond'));
  await freezeUntil(task, () => vi.waitFor(() => expectStage(task, 'execute'), limitMs));
  await expectAsWithout(task, 'before a model call');
});

test('a worker that returns to its push when a person has merged the branch and taken it away: the branch stays away', async () => {
  const task = await world.startTask(asks('deliver', 'forge.publish'));
  await freezeUntil(task, async () => {
    await expectAsWithout(task, 'before a push');
    git(task.repository, 'branch', '-D', await branchOf(task));
  });
  expect(git(task.repository, 'branch', '--list', 'longhaul/*')).toBe('');
});

function expectStage(task: ChaosTask, stage: string): void {
  expect(world.moments.started(task.taskId).map((started) => started.stage)).toContain(stage);
}

async function branchOf(task: ChaosTask): Promise<string> {
  const { branch } = await task.story.end();
  if (branch === null) throw new Error(`${task.taskId} has delivered no branch`);
  return branch;
}
