import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FetchOutput, LeaseMode } from '../../contracts/activities.ts';
import { shell } from '../helpers/fake-facts.ts';
import { createStage, type PlayedTask, type Stageful } from '../helpers/task-play.ts';
import { connectClient, startTestWorker } from '../helpers/temporal.ts';
import { runsOf } from './history.ts';

const act = { actions: [shell('npm run build'), shell('git diff --stat'), shell('ls src')] };
const after = (iterations: number) => (iteration: number) => (iteration > iterations ? {} : act);
const budget = { maxUsd: null, maxIterations: 99 };
const closing: (() => Promise<void>)[] = [];
let stages: Readonly<Record<LeaseMode, Stageful>>;

type Fetch = (input: unknown) => Promise<FetchOutput>;

/** A worker whose tasks are begun with this mode. */
async function stageFor(leaseMode: LeaseMode): Promise<Stageful> {
  const { client, close } = await connectClient();
  const stage = createStage(client, `leases-${leaseMode}-${process.pid}`);
  const activities = stage.workerOptions.activities as { readonly fetchRepository: Fetch };
  const fetchRepository: Fetch = async (input) => ({
    ...(await activities.fetchRepository(input)),
    leaseMode,
  });
  const options = { ...stage.workerOptions, activities: { ...activities, fetchRepository } };
  const worker = await startTestWorker(options);
  closing.push(async () => {
    await worker.stop();
    await close();
  });
  return stage;
}

beforeAll(async () => {
  stages = { task: await stageFor('task'), iteration: await stageFor('iteration') };
});
afterAll(async () => {
  for (const close of closing) await close();
});

const leasesOf = ({ stages: played }: PlayedTask): readonly number[] =>
  played.inputs('execute').map(({ workspace }) => workspace.leaseNumber);
const releases = ({ stages: played }: PlayedTask): number =>
  played.calls.filter((call) => call === 'releaseSandboxes').length;

test.concurrent('with a sandbox for each iteration, each gets the next one, made after the one before was given back', async () => {
  const task = await stages.iteration.play([act, act, {}]);
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect(leasesOf(task)).toEqual([2, 3]);
  const order = task.stages.calls.filter((call) => call === 'execute' || call === 'releaseSandboxes');
  expect(order).toEqual([
    'releaseSandboxes',
    ...['execute', 'releaseSandboxes', 'execute', 'releaseSandboxes'],
    'releaseSandboxes',
  ]);
});

test.concurrent('with a sandbox for the task, it is given back where a new run begins, and at the end', async () => {
  const task = await stages.task.play(after(40), { budget });
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 41 });
  const runs = (await runsOf(stages.task.temporal, task.taskId)).length;
  expect(runs).toBeGreaterThan(1);
  expect(releases(task)).toBe(runs);
  expect(new Set(leasesOf(task)).size).toBe(runs);
});

test.concurrent('a task keeps the mode that it was begun with over new runs, whatever its later workers are set to', async () => {
  const task = await stages.iteration.play(after(30), { budget });
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect((await runsOf(stages.iteration.temporal, task.taskId)).length).toBeGreaterThan(1);
  expect(await task.state()).toMatchObject({ leaseMode: 'iteration' });
  expect(new Set(leasesOf(task)).size).toBe(30);
});
