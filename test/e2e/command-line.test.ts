import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { TaskId } from '../../contracts/ids.ts';
import { listWorkers } from '../../workers/worker-processes.ts';
import type { Cli } from '../helpers/e2e-cli.ts';
import { deliveredBranch, personsPart } from '../helpers/e2e-repositories.ts';
import {
  brokenSum,
  conversation,
  countedAndHeld,
  letGo,
  mendAndDone,
  sumCheck,
  untilMade,
} from '../helpers/e2e-scenario.ts';
import { openWorld, type World } from '../helpers/e2e-world.ts';
import { git } from '../helpers/git-fixture.ts';
import { expectInvariants } from '../helpers/invariants.ts';

const scenario = {
  conversations: [
    conversation('mend', mendAndDone),
    conversation('held', [{ reply: [{ exec_command: countedAndHeld }] }, ...mendAndDone]),
    conversation('nothing', [{ reply: [{ message: 'There is nothing to do.' }] }]),
    conversation('asks', [{ reply: [{ ask_human: 'Which sum?' }] }]),
  ],
};

let world: World;
let count = 0;

beforeAll(async () => {
  world = await openWorld({ scenario });
});
afterAll(() => world.close());

const repositoryOf = () => {
  count += 1;
  return world.repository(`repository-${count}`, brokenSum);
};
const run = (repository: string, ...more: readonly string[]) =>
  world.cli([
    'run',
    '--json',
    '--repo',
    repository,
    '--policy',
    'sandboxed',
    '--check',
    'node test.js',
    ...more,
  ]);
const taskOf = async (cli: Cli) =>
  (await cli.until('the start', (event) => event.type === 'task.started')).taskId as TaskId;
const lastLine = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');

test('two runs at once on one repository deliver two branches, and the repository stays its person’s', async () => {
  const repository = repositoryOf();
  const before = personsPart(repository);
  const runs = [run(repository, 'Mend one (mend)'), run(repository, 'Mend two (mend)')];
  const results = await Promise.all(runs.map((one) => one.ended));
  const ends = results.map(({ stdout }) => lastLine(stdout));
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(new Set(ends.map((end) => end.branch)).size).toBe(2);
  const [one, two] = ends.map((end) => deliveredBranch(repository, end.branch));
  expect(one?.tree).toBe(two?.tree);
  expect(personsPart(repository)).toEqual(before);
  for (const end of ends) await expectInvariants(world, end.taskId);
});

test('a task that is dispatched twice runs once', async () => {
  const repository = repositoryOf();
  const first = await world.start({ instruction: 'Mend it (held).', repository, checks: [sumCheck] });
  await untilMade(world, first.taskId, 'begun');
  const spec = world.specOf(first.taskId);
  expect(await world.client.start(spec)).toBe(first.taskId);
  letGo(world, first.taskId);
  const end = await first.end();
  expect(deliveredBranch(repository, end.branch ?? '').read('runs.log')).toBe('ran');
  await expectInvariants(world, first.taskId);
  await expect(world.client.start(spec)).rejects.toMatchObject({ code: 'usage.invalid' });
});

test('SIGINT detaches with 130 and says how to attach again, and the task goes on to its delivery', async () => {
  const repository = repositoryOf();
  const cli = run(repository, 'Mend it (held)');
  const taskId = await taskOf(cli);
  await untilMade(world, taskId, 'begun');
  cli.signal('SIGINT');
  const left = await cli.ended;
  expect(left).toMatchObject({ exitCode: 130, signal: null });
  expect(left.stderr).toContain(`watch ${taskId}`);
  letGo(world, taskId);
  const watched = await world.cli(['watch', '--json', taskId]).ended;
  expect(watched.exitCode).toBe(0);
  expect(lastLine(watched.stdout)).toMatchObject({ type: 'task.finished', taskId, status: 'delivered' });
  await expectInvariants(world, taskId);
});

test('a reader that goes away ends the command and not the task', async () => {
  const repository = repositoryOf();
  const cli = run(repository, 'Mend it (held)');
  const taskId = await taskOf(cli);
  await untilMade(world, taskId, 'begun');
  cli.child.stdout?.destroy();
  letGo(world, taskId);
  expect(await world.follow(taskId).end()).toMatchObject({ status: 'delivered' });
  expect((await cli.ended).exitCode).toBe(141);
});

test('the last line is task.finished and the exit code says how it ended: stopped', async () => {
  const repository = world.repository('mended', {
    ...brokenSum,
    'sum.js': 'export const sum = (a, b) => a + b;\n',
  });
  const { exitCode, stdout } = await run(repository, 'Do it (nothing)').ended;
  const end = lastLine(stdout);
  expect(end).toMatchObject({
    type: 'task.finished',
    status: 'stopped',
    branch: null,
    commit: null,
    iterations: 1,
  });
  expect(exitCode).toBe(3);
  expect(git(repository, 'branch', '--list', 'longhaul/*')).toBe('');
  await expectInvariants(world, end.taskId);
});

test('the last line is task.finished and the exit code says how it ended: cancelled in mid-command', async () => {
  const repository = repositoryOf();
  const cli = run(repository, 'Mend it (held)');
  const taskId = await taskOf(cli);
  await untilMade(world, taskId, 'begun');
  expect((await world.cli(['cancel', taskId, '--now']).ended).exitCode).toBe(0);
  const { exitCode, stdout } = await cli.ended;
  expect(lastLine(stdout)).toMatchObject({ type: 'task.finished', status: 'cancelled' });
  expect(exitCode).toBe(3);
  await expectInvariants(world, taskId);
});

test('a question that is refused on the command line ends no task; cancelling it does', async () => {
  const repository = repositoryOf();
  const cli = run(repository, 'Mend it (asks)');
  const taskId = await taskOf(cli);
  const opened = await cli.until('the question', (event) => event.type === 'approval.opened');
  const shown = await world.cli(['show', '--json', taskId]).ended;
  expect(JSON.parse(shown.stdout)).toMatchObject({ type: 'task.state', status: 'waiting' });
  expect((await world.cli(['approve', taskId, 'no-such-approval']).ended).exitCode).toBe(7);
  expect(opened.type).toBe('approval.opened');
  await world.cli(['cancel', taskId]).ended;
  expect((await cli.ended).exitCode).toBe(3);
  await expectInvariants(world, taskId);
});

test('a budget in USD without a known price is an error before anything starts', async () => {
  const repository = repositoryOf();
  const { exitCode, stderr, stdout } = await run(repository, '--budget-usd', '5', 'Mend it (mend)').ended;
  expect(exitCode).toBe(5);
  expect(stdout + stderr).toContain('model.unknown_price');
  expect((await world.cli(['ls', '--json']).ended).stdout).not.toContain('Mend it (mend)"');
});

test('a budget in USD is kept: the task asks for more before the call that might exceed it', async () => {
  const models = {
    profiles: {
      priced: { price: { inputUsdPerMTok: 100, cachedInputUsdPerMTok: 10, outputUsdPerMTok: 100 } },
    },
  };
  writeFileSync(`${world.home}/models.yaml`, JSON.stringify(models));
  await world.killWorkers();
  await world.startWorker();
  const repository = repositoryOf();
  const cli = run(repository, '--budget-usd', '0.01', '--model', 'priced', 'Mend it (mend)');
  const taskId = await taskOf(cli);
  const asked = await cli.until('a question of money', (event) => event.type === 'approval.opened');
  expect(asked).toMatchObject({ approval: { subject: 'budget' } });
  expect(world.model.requests.filter((one) => one.promptCacheKey === taskId)).toEqual([]);
  await world.cli(['reject', taskId, 'i1.budget-1', '--reason', 'too dear']).ended;
  const { exitCode, stdout } = await cli.ended;
  expect(lastLine(stdout)).toMatchObject({ status: 'stopped' });
  expect(exitCode).toBe(3);
  await expectInvariants(world, taskId);
});

/** Visibility lags behind, and each look is a program that starts. */
const waitForList = { timeout: 20_000, interval: 200 };

test('down stops worker and server while a task runs, and up lets it go on', async () => {
  const repository = repositoryOf();
  const cli = run(repository, '--detach', 'Mend it (held)');
  const { taskId } = lastLine((await cli.ended).stdout);
  await untilMade(world, taskId, 'begun');
  expect((await world.cli(['down']).ended).exitCode).toBe(0);
  expect(await listWorkers(world.home)).toEqual([]);
  letGo(world, taskId);
  expect((await world.cli(['up']).ended).exitCode).toBe(0);
  const story = world.follow(taskId);
  const end = await story.end();
  expect(deliveredBranch(repository, end.branch ?? '').read('runs.log')).toBe('ran');
  await expectInvariants(world, taskId);
  await vi.waitFor(async () => {
    const listed = await world.cli(['ls', '--json']).ended;
    expect(listed.stdout).toContain(taskId);
  }, waitForList);
});
