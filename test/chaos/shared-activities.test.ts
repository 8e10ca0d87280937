import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { letGo, untilMade } from '../helpers/e2e-scenario.ts';
import { type ChaosTask, type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { reaches } from './level.ts';
import { judgeEnd, report, untilStopped } from './run-cell.ts';
import { instructionOf } from './script.ts';

const limitMs = 60_000;

let world: ChaosWorld;

beforeAll(async () => {
  world = await openChaosWorld();
});
afterAll(() => world.close());

const held = { instruction: instructionOf('held') };
const executions = ({ taskId }: ChaosTask) =>
  world.moments.started(taskId).filter(({ stage }) => stage === 'execute');

/** Waits until a second worker has begun what the first still believes to be its own. */
function untilTakenOver(task: ChaosTask, firstPid: number): Promise<void> {
  return vi.waitFor(
    () => {
      if (!executions(task).some(({ pid }) => pid !== firstPid)) throw new Error('nobody has taken over');
    },
    { timeout: limitMs, interval: 10 },
  );
}

async function expectAsWithout(task: ChaosTask, moment: string): Promise<void> {
  const problems = await judgeEnd(world, task, false);
  report({ fault: 'one activity on two live workers', moment, recoveryMs: null, problems });
  expect(problems).toEqual([]);
}

test.runIf(reaches('usual'))(
  'a worker that thaws before its command while another is in the middle of it: it comes to its end, and the command runs once',
  async () => {
    const task = await world.startTask(
      { stage: 'execute', at: 'asks', call: 'sandbox.exec', iteration: null },
      held,
    );
    const { pid } = await untilStopped(world, task, 'the first command');
    process.kill(pid, 'SIGSTOP');
    try {
      await untilTakenOver(task, pid);
      await untilMade(world, task.taskId, 'begun');
    } finally {
      world.moments.letGo(task.taskId);
      process.kill(pid, 'SIGCONT');
    }
    await vi.waitFor(() => expect(world.moments.passed(task.taskId)).toBe(true), limitMs);
    expect(world.counter.counted(task.name)).toEqual(['first']);
    letGo(world, task.taskId);
    await expectAsWithout(task, 'before and inside a command');
  },
);

test('two workers that follow the same command: it runs once, and one result of it counts', async () => {
  const task = await world.startTask(null, held);
  await untilMade(world, task.taskId, 'begun');
  const pid = executions(task)[0]?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    await untilTakenOver(task, pid);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  letGo(world, task.taskId);
  await expectAsWithout(task, 'inside a command');
});
