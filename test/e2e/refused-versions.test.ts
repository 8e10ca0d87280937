import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { runningServer } from '../../workers/connection.ts';
import { taskQueueOf } from '../../workers/task-queue.ts';
import { routing } from '../../workers/versions/deployment.ts';
import { listWorkers, startWorkerProcess } from '../../workers/worker-processes.ts';
import {
  brokenSum,
  conversation,
  countedAndHeld,
  letGo,
  mendAndDone,
  sumCheck,
  untilMade,
} from '../helpers/e2e-scenario.ts';
import type { Story } from '../helpers/e2e-story.ts';
import { openWorld, type World } from '../helpers/e2e-world.ts';
import { type GrpcGate, openGrpcGate, refusal } from '../helpers/grpc-gate.ts';
import { expectInvariants } from '../helpers/invariants.ts';
import { renamed, type TestBuild, testBuild } from '../helpers/worker-builds.ts';

const scenario = {
  conversations: [conversation('held', [{ reply: [{ exec_command: countedAndHeld }] }, ...mendAndDone])],
};

let world: World;
let gate: GrpcGate;
let connection: Connection;
let first: TestBuild;
let second: TestBuild;
let count = 0;

beforeAll(async () => {
  world = await openWorld({ scenario, workers: 0 });
  const server = await runningServer(world.env);
  if (server === undefined) throw new Error('the server does not run');
  gate = await openGrpcGate(server.address);
  connection = await Connection.connect({ address: server.address });
  first = await testBuild(world, 'first', renamed('first'));
  second = await testBuild(world, 'second', renamed('second'));
});
afterEach(() => world.killWorkers());
afterAll(async () => {
  gate.close();
  await connection.close();
  await world.close();
});

const deploy = ({ env }: Pick<TestBuild, 'env'>) => startWorkerProcess({ home: world.home, env });
const throughGate = ({ env }: TestBuild) => deploy({ env: { ...env, TEMPORAL_ADDRESS: gate.address } });
const current = async () => {
  const client = new Client({ connection });
  return (await routing({ client, taskQueue: taskQueueOf(world.env) })).currentBuild;
};

/** A task in the middle of a command. */
async function startHeld(): Promise<Story> {
  count += 1;
  const repository = world.repository(`repository-${count}`, brokenSum);
  const story = await world.start({ instruction: 'Mend the sum (held).', repository, checks: [sumCheck] });
  await untilMade(world, story.taskId, 'begun');
  return story;
}

async function endsWell(story: Story): Promise<void> {
  letGo(world, story.taskId);
  expect(await story.end()).toMatchObject({ status: 'delivered' });
  await expectInvariants(world, story.taskId);
}

test.each([
  { what: 'ask for versions', method: 'DescribeTaskQueue' },
  { what: 'list the tasks', method: 'ListWorkflowExecutions' },
  { what: 'make a version current', method: 'SetWorkerDeploymentCurrentVersion' },
])(
  'a login that may not $what: the worker says so and what to do, the version before it stays current and its task goes on',
  async ({ method }) => {
    await deploy(first);
    const story = await startHeld();
    gate.refuse(method);
    await expect(throughGate(second)).rejects.toMatchObject({
      code: 'version.unsupported',
      message: expect.stringMatching(new RegExp(`${refusal}.*LONGHAUL_WORKER_VERSIONING=off`)),
    });
    expect(await current()).toBe(first.buildId);
    expect(await listWorkers(world.home)).toHaveLength(1);
    await endsWell(story);
  },
);

test('a login that may not move tasks: the task is named and waits, the version serves others, and another login moves it', async () => {
  await deploy(first);
  const waits = await startHeld();
  await world.killWorkers();
  gate.refuse('UpdateWorkflowExecutionOptions');
  const { notes } = await throughGate(second);
  expect(notes).toEqual([
    expect.stringMatching(
      new RegExp(`^${waits.taskId} waits, and cannot be moved here from ${first.buildId}.*${refusal}`),
    ),
  ]);
  expect(await current()).toBe(second.buildId);
  await endsWell(await startHeld());
  await world.killWorkers();
  const moved = await deploy(second);
  expect(moved.notes).toEqual([
    `${waits.taskId} moved here from ${first.buildId}, which has no worker any more`,
  ]);
  await endsWell(waits);
});
