import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { TaskId } from '../../contracts/ids.ts';
import { commandLines } from '../helpers/e2e-evidence.ts';
import { deliveredBranch, personsPart, sampleFiles, sampleScenario } from '../helpers/e2e-repositories.ts';
import { openWorld, secrets, type World } from '../helpers/e2e-world.ts';
import { git, gitWith } from '../helpers/git-fixture.ts';
import { expectInvariants } from '../helpers/invariants.ts';

const instruction = 'Make the invoice exact to the cent, and let CI run on pull requests too.';
let world: World;
/** Of every process of this machine, at each event of the task. */
const argumentsSeen: Buffer[] = [];

beforeAll(async () => {
  // No worker: `run` starts what is missing.
  world = await openWorld({
    scenario: parse(sampleScenario('rounding')),
    workers: 0,
    onEvent: () => argumentsSeen.push(...commandLines().map(([, text]) => text)),
  });
});
afterAll(() => world.close());

test('one command perceives, acts, fails, asks, changes its approach and delivers a branch that merges', async () => {
  const repository = world.repository('rounding', sampleFiles('rounding'));
  const base = git(repository, 'rev-parse', 'HEAD');
  const before = personsPart(repository);
  const run = world.cli(['run', '--json', '--repo', repository, '--check', 'npm test', instruction]);
  await run.until('the start', (event) => event.type === 'task.started');
  const taskId = run.events[0]?.taskId as TaskId;
  const story = world.follow(taskId);

  const asked = await story.until('approval.opened');
  expect(asked.approval.title).toContain('.github/workflows/test.yml');
  const approve = world.cli(['approve', taskId, asked.approval.approvalId, '--json']);
  expect((await approve.ended).exitCode).toBe(0);
  const delivery = await story.until('approval.opened', ({ approval }) => approval.subject === 'delivery');
  await story.answer(delivery.approval);

  const { exitCode, stdout } = await run.ended;
  expect(exitCode).toBe(0);
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  expect(last).toMatchObject({
    type: 'task.finished',
    taskId,
    status: 'delivered',
    branch: `longhaul/${taskId}`,
    iterations: 5,
    usage: { modelCalls: 5 },
    baseMovedBy: 0,
    mergesCleanly: true,
  });
  expect(
    run.events.filter((event) => event.type === 'iteration.evaluated').map((e) => e.evaluation.next),
  ).toEqual(['continue', 'continue', 'replan', 'continue', 'deliver']);
  expect(world.model.problems()).toEqual([]);

  const branch = deliveredBranch(repository, last.branch);
  expect(branch.commit).toBe(last.commit);
  expect(branch.parents).toEqual([base]);
  expect(branch.files()).toEqual(['.github/workflows/test.yml', 'src/invoice.js']);
  expect(branch.read('src/invoice.js')).toContain('BigInt(line.quantity)');
  const lines = branch.message.split('\n');
  expect(lines[0]).toContain('Make the invoice exact to the cent');
  expect(branch.message).toContain('- npm test: passed');
  expect(lines.slice(-2)).toEqual([`Assisted-by: Longhaul:scripted`, `Longhaul-Task: ${taskId}`]);
  expect(personsPart(repository)).toEqual(before);
  await expectInvariants(world, taskId);
  expect(argumentsSeen.length).toBeGreaterThan(0);
  expect(argumentsSeen.filter((text) => secrets.some((secret) => text.includes(secret)))).toEqual([]);

  const patch = await world.cli(['diff', taskId, '--patch']).ended;
  const other = join(world.directory, 'applied');
  mkdirSync(other);
  git(other, 'clone', '--quiet', '--no-local', repository, '.');
  git(other, 'checkout', '--quiet', base);
  gitWith(other, { input: patch.stdout }, 'apply', '--index', '-');
  expect(git(other, 'write-tree')).toBe(branch.tree);
});
