import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { TaskId } from '../../contracts/ids.ts';
import { type ClusterWorld, openClusterWorld } from '../helpers/cluster-world.ts';
import { deliveredBranch, sampleFiles, sampleScenario } from '../helpers/e2e-repositories.ts';
import { expectInvariants } from '../helpers/invariants.ts';

const instruction = 'Make the invoice exact to the cent, and let CI run on pull requests too.';
let cluster: ClusterWorld;

beforeAll(async () => {
  // No worker: `run` starts what is missing.
  cluster = await openClusterWorld({ scenario: parse(sampleScenario('rounding')), workers: 0 });
});
afterAll(() => cluster.close());

test('one command runs a whole task in pods, from the failing check to the branch, and leaves none of them', async () => {
  const { world } = cluster;
  const repository = world.repository('rounding', sampleFiles('rounding'));
  const run = world.cli(['run', '--json', '--repo', repository, '--check', 'npm test', instruction]);
  await run.until('the start', (event) => event.type === 'task.started');
  const taskId = run.events[0]?.taskId as TaskId;
  const story = world.follow(taskId);

  const asked = await story.until('approval.opened');
  expect(asked.approval.title).toContain('.github/workflows/test.yml');
  await story.answer(asked.approval);
  const delivery = await story.until('approval.opened', ({ approval }) => approval.subject === 'delivery');
  await story.answer(delivery.approval);

  const { exitCode } = await run.ended;
  const end = await story.end();
  expect({ exitCode, ...end }).toMatchObject({ exitCode: 0, status: 'delivered', iterations: 5 });
  const { ledger } = await expectInvariants(world, taskId);
  expect(new Set(ledger.map(({ record }) => record.sandbox?.backend))).toEqual(new Set(['kubernetes']));
  const branch = deliveredBranch(repository, end.branch ?? '');
  expect(branch.files()).toEqual(['.github/workflows/test.yml', 'src/invoice.js']);
  expect(await cluster.objects()).toEqual([]);
  expect(world.model.problems()).toEqual([]);
}, 240_000);
