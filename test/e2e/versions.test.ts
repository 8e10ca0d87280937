import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startEmbeddedServer } from '../../workers/embedded-server/start.ts';
import { stopEmbeddedServer } from '../../workers/embedded-server/stop.ts';
import { isRunning } from '../../workers/process-lock.mjs';
import { taskQueueOf } from '../../workers/task-queue.ts';
import { lookAfter } from '../../workers/versions/caretaker.ts';
import { routing } from '../../workers/versions/deployment.ts';
import { localWitness } from '../../workers/versions/witness.ts';
import { listWorkers, startWorkerProcess } from '../../workers/worker-processes.ts';
import { deliveredBranch } from '../helpers/e2e-repositories.ts';
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
import { kill, openWorld, type World } from '../helpers/e2e-world.ts';
import { expectInvariants } from '../helpers/invariants.ts';
import { renamed, type TestBuild, testBuild, waitsFirst } from '../helpers/worker-builds.ts';
import { runsOf } from '../workflow/history.ts';

const scenario = {
  conversations: [
    conversation('held', [{ reply: [{ exec_command: countedAndHeld }] }, ...mendAndDone]),
    conversation('plain', mendAndDone),
  ],
};

const watchfulMain = fileURLToPath(new URL('../helpers/programs/watchful-worker.ts', import.meta.url));

let world: World;
let connection: Connection;
let temporal: Client;
let repository: string;
let first: TestBuild;
let second: TestBuild;
let other: TestBuild;
let count = 0;

beforeAll(async () => {
  world = await openWorld({ scenario, workers: 0 });
  const { port } = JSON.parse(readFileSync(join(world.home, 'server.json'), 'utf8'));
  connection = await Connection.connect({ address: `127.0.0.1:${port}` });
  temporal = new Client({ connection });
  first = await testBuild(world, 'first', renamed('first'));
  second = await testBuild(world, 'second', renamed('second'));
  other = await testBuild(world, 'other', waitsFirst);
});
beforeEach(() => {
  count += 1;
  repository = world.repository(`repository-${count}`, brokenSum);
});
afterEach(() => world.killWorkers());
afterAll(async () => {
  await connection.close();
  await world.close();
});

const deploy = ({ env }: Pick<TestBuild, 'env'>, leave: readonly string[] = []) =>
  startWorkerProcess({ home: world.home, env, leave });
const start = (name: string) =>
  world.start({ instruction: `Mend the sum (${name}).`, repository, checks: [sumCheck] });
const current = async () =>
  (await routing({ client: temporal, taskQueue: taskQueueOf(world.env) })).currentBuild;

/** A task in the middle of a command that was counted. */
async function startHeld(): Promise<Story> {
  const story = await start('held');
  await untilMade(world, story.taskId, 'begun');
  return story;
}

/** The builds that decided in each run of a task. */
async function decidedBy(story: Story): Promise<readonly (readonly string[])[]> {
  return (await runsOf(temporal, story.taskId)).map((run) => [
    ...new Set(
      run.flatMap((event) => event.workflowTaskCompletedEventAttributes?.deploymentVersion?.buildId ?? []),
    ),
  ]);
}

/** The task is delivered, its command ran once, and the tree is the same as without a new version. */
async function deliveredOnce(story: Story): Promise<void> {
  expect(await story.end()).toMatchObject({ status: 'delivered', reason: '' });
  await expectInvariants(world, story.taskId);
  const branch = deliveredBranch(repository, `longhaul/${story.taskId}`);
  expect(branch.read('runs.log')).toBe('ran');
  expect(branch.tree).toBe(await calmTree());
}

let tree: string | undefined;
/** What comes of the task where nothing else happens. */
async function calmTree(): Promise<string> {
  if (tree !== undefined) return tree;
  const calmRepository = world.repository('calm', brokenSum);
  const story = await world.start({
    instruction: 'Mend the sum (held).',
    repository: calmRepository,
    checks: [sumCheck],
  });
  await untilMade(world, story.taskId, 'begun');
  letGo(world, story.taskId);
  await story.end();
  tree = deliveredBranch(calmRepository, `longhaul/${story.taskId}`).tree;
  return tree;
}

test('a version that is deployed in mid-command leaves the iteration alone and takes the next ones; deployed back, the old one does the same', async () => {
  await deploy(first);
  const there = await startHeld();
  await deploy(second);
  expect(await current()).toBe(second.buildId);
  letGo(world, there.taskId);
  await deliveredOnce(there);
  expect(await decidedBy(there)).toEqual([[first.buildId], [second.buildId]]);

  const back = await startHeld();
  await deploy(first);
  expect(await current()).toBe(first.buildId);
  letGo(world, back.taskId);
  await deliveredOnce(back);
  expect(await decidedBy(back)).toEqual([[second.buildId], [first.buildId]]);
});

test('a version that cannot replay a running task is not made current, says which and why, and the task goes on undisturbed', async () => {
  await deploy(first);
  const story = await startHeld();
  const refused = await deploy(other).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(refused).toMatchObject({
    code: 'version.cannot_replay',
    message: expect.stringContaining(`${story.taskId} (of ${first.buildId}, which has a worker)`),
  });
  expect(String(refused)).toContain('TMPRL1100');
  expect(await current()).toBe(first.buildId);
  expect(await listWorkers(world.home)).toHaveLength(1);
  const asked = await world.cli(['replay', story.taskId], { env: other.env }).ended;
  expect(asked.exitCode).toBe(1);
  expect(asked.stdout).toContain(`✗ ${story.taskId}`);
  expect(asked.stdout).toContain('TMPRL1100');
  expect(await world.cli(['replay', story.taskId], { env: second.env }).ended).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`${second.buildId} can go on from the one run.`),
  });
  letGo(world, story.taskId);
  await deliveredOnce(story);
  expect(await decidedBy(story)).toEqual([[first.buildId]]);
});

test('a task whose version has no worker any more is moved to the new one, in mid-command, and its command runs once', async () => {
  await deploy(first);
  const story = await startHeld();
  await world.killWorkers();
  const { notes } = await deploy(second);
  expect(notes).toEqual([`${story.taskId} moved here from ${first.buildId}, which has no worker any more`]);
  letGo(world, story.taskId);
  await deliveredOnce(story);
  expect((await decidedBy(story)).flat().at(-1)).toBe(second.buildId);
});

test('a task that no worker can carry on stops nobody else, is named, and ends once its own version runs again from what was kept', async () => {
  await deploy(first);
  const stuck = await startHeld();
  await world.killWorkers();
  // Left behind on purpose, so that a version comes to be current that cannot carry it on.
  await deploy(other, [stuck.taskId]);
  const healthy = await startHeld();
  await world.killWorkers();
  const third = await testBuild(world, 'third', (code) => renamed('third')(waitsFirst(code)));
  const { notes } = await deploy(third);
  expect(notes).toEqual([
    `${healthy.taskId} moved here from ${other.buildId}, which has no worker any more`,
    expect.stringMatching(`^${stuck.taskId} is stuck: ${third.buildId} cannot go on with it`),
  ]);
  const doctor = JSON.parse((await world.cli(['doctor', '--json']).ended).stdout);
  expect(doctor.facts.versions).toEqual([
    { build: third.buildId, current: true, served: true, tasks: [healthy.taskId] },
    { build: first.buildId, current: false, served: false, tasks: [stuck.taskId] },
  ]);
  letGo(world, healthy.taskId);
  expect(await healthy.end()).toMatchObject({ status: 'delivered' });

  const kept = join(world.home, 'versions', `${first.buildId}.js`);
  const old = await startWorkerProcess({
    home: world.home,
    env: { ...world.env, LONGHAUL_WORKFLOW_BUNDLE: kept },
    leave: [],
  });
  expect(old.version).toBe(first.buildId);
  letGo(world, stuck.taskId);
  await deliveredOnce(stuck);
});

test('while a worker runs it takes over what others leave: tasks of one that dies, and the queue when the current version has none', async () => {
  const taskQueue = taskQueueOf(world.env);
  const said: string[] = [];
  const look = (build: TestBuild) =>
    lookAfter(
      {
        deployment: { client: temporal, taskQueue },
        build: { buildId: build.buildId, codePath: build.env['LONGHAUL_WORKFLOW_BUNDLE'] ?? '' },
        chosen: false,
        leave: [],
        stuckRuns: new Set(),
        witness: () => localWitness('', { taskQueue, address: connection.options.address }, world.env),
        report: () => {},
      },
      (text) => said.push(text),
    );
  const old = await deploy(first);
  const story = await startHeld();
  await deploy(second);
  expect([await look(first), await look(second)]).toEqual(['needed', 'current']);
  expect(said).toEqual([]);
  await kill(old);
  expect(await look(second)).toBe('current');
  expect(said).toEqual([`${story.taskId} moved here from ${first.buildId}, which has no worker any more`]);
  letGo(world, story.taskId);
  await deliveredOnce(story);
  expect(await look(first)).toBe('replaced');

  await world.killWorkers();
  await deploy(first);
  await deploy(second);
  for (const worker of await listWorkers(world.home))
    if (worker.version === second.buildId) await kill(worker);
  expect(await look(first)).toBe('current');
  expect(await current()).toBe(first.buildId);
  expect(said.at(-1)).toBe(`${first.buildId} is current now: ${second.buildId} has no worker any more`);
});

test('a worker whose version was replaced serves its task to the end of the iteration, then ends by itself; the others stay', async () => {
  const old = await startWorkerProcess({ home: world.home, env: first.env, main: watchfulMain });
  const story = await startHeld();
  const replacing = await startWorkerProcess({ home: world.home, env: second.env, main: watchfulMain });
  letGo(world, story.taskId);
  await deliveredOnce(story);
  expect(await decidedBy(story)).toEqual([[first.buildId], [second.buildId]]);
  await vi.waitFor(() => expect(isRunning(old)).toBe(false), { timeout: 60_000 });
  expect((await listWorkers(world.home)).map(({ pid }) => pid)).toEqual([replacing.pid]);
});

test('a server without versions of workers is named in the error, and nothing hangs', async () => {
  const home = join(world.directory, 'old-server');
  mkdirSync(home, { mode: 0o700 });
  const env = { ...world.env, LONGHAUL_HOME: home };
  await startEmbeddedServer({ home, env, dynamicConfig: ['system.enableDeploymentVersions=false'] });
  try {
    await expect(startWorkerProcess({ home, env })).rejects.toMatchObject({
      code: 'version.unsupported',
      message: expect.stringContaining('LONGHAUL_WORKER_VERSIONING=off'),
    });
    const worker = await startWorkerProcess({ home, env: { ...env, LONGHAUL_WORKER_VERSIONING: 'off' } });
    await kill(worker);
  } finally {
    await stopEmbeddedServer(home);
  }
});

test('a second worker of the same version, and one that is started again, replay nothing and move nothing', async () => {
  await deploy(first);
  const story = await startHeld();
  const again = await deploy(first);
  expect(again.notes).toEqual([]);
  await world.killWorkers();
  expect((await deploy(first)).notes).toEqual([]);
  letGo(world, story.taskId);
  await deliveredOnce(story);
  expect((await decidedBy(story)).flat()).toEqual([first.buildId]);
});

test('without versions on a queue that has them, a worker refuses instead of getting nothing for ever', async () => {
  await deploy(first);
  const env = { ...world.env, LONGHAUL_WORKER_VERSIONING: 'off' };
  await expect(deploy({ env })).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining(first.buildId),
  });
  await vi.waitFor(async () => expect(await listWorkers(world.home)).toHaveLength(1));
});
