import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { judgeEnd, report } from './run-cell.ts';

let world: ChaosWorld;

beforeAll(async () => {
  world = await openChaosWorld();
});
afterAll(() => world.close());

test('a task that is started again while it runs is one task, and once it has ended it is not started again', async () => {
  const task = await world.startTask(null);
  const spec = world.specOf(task.taskId);
  await Promise.all([world.client.start(spec), world.client.start(spec)]);
  const problems = await judgeEnd(world, task, false);
  report({ fault: 'a task dispatched twice', moment: 'at its start', recoveryMs: null, problems });
  expect(problems).toEqual([]);
  await expect(world.client.start(spec)).rejects.toMatchObject({ code: 'usage.invalid' });
});

test('two tasks at once on two workers: each ends as alone', async () => {
  const tasks = await Promise.all([world.startTask(null), world.startTask(null)]);
  const problems = (await Promise.all(tasks.map((task) => judgeEnd(world, task, false)))).flat();
  report({ fault: 'two workers at once', moment: 'all the time', recoveryMs: null, problems });
  expect(problems).toEqual([]);
});
