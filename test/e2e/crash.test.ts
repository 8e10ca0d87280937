import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { killAndWait, type ProcessIdentity } from '../../sandbox/processes.ts';
import { listWorkers } from '../../workers/worker-processes.ts';
import { deliveredBranch } from '../helpers/e2e-repositories.ts';
import {
  brokenSum,
  conversation,
  countedAndHeld,
  letGo,
  mendAndDone,
  mendSum,
  sumCheck,
  untilMade,
} from '../helpers/e2e-scenario.ts';
import type { Story } from '../helpers/e2e-story.ts';
import { openWorld, type World } from '../helpers/e2e-world.ts';
import { git } from '../helpers/git-fixture.ts';
import { startGitServer } from '../helpers/git-server.ts';
import { expectInvariants } from '../helpers/invariants.ts';

const heldCheck = {
  name: 'held',
  command: [
    'if [ -e /tmp/armed ]; then rm /tmp/armed; touch /tmp/begun',
    'while [ ! -e /tmp/go ]; do sleep 0.05; done; echo judged >> /tmp/judged; fi',
    'node test.js',
  ].join('; '),
};

const scenario = {
  conversations: [
    conversation('during-command', [{ reply: [{ exec_command: countedAndHeld }] }, ...mendAndDone]),
    conversation('during-model', [
      { reply: [{ apply_patch: mendSum }], delayMs: 1000 },
      ...mendAndDone.slice(1),
    ]),
    conversation('during-evaluate', [
      { reply: [{ exec_command: 'touch /tmp/armed' }, { apply_patch: mendSum }] },
      { reply: [{ exec_command: 'cp /tmp/judged judged.log' }] },
      ...mendAndDone.slice(1),
    ]),
    conversation('plain', mendAndDone),
    conversation('while-waiting', [
      { reply: [{ ask_human: 'Shall it add or multiply?' }] },
      { expect: { contains: ['It shall add'] }, reply: [{ apply_patch: mendSum }] },
      ...mendAndDone.slice(1),
    ]),
    conversation('keeper-dies', [
      { reply: [{ apply_patch: mendSum }] },
      { reply: [{ exec_command: 'echo kept > kept.txt' }] },
      { reply: [{ exec_command: countedAndHeld }, { exec_command: 'echo after >> after.log' }] },
      { expect: { contains: ['lost'] }, reply: [{ exec_command: 'cat kept.txt; ls' }] },
      {
        expect: { contains: ['kept'], notContains: ['runs.log', 'after.log'] },
        reply: [{ message: 'It adds.' }],
      },
    ]),
  ],
};

let world: World;
let repository: string;
let count = 0;

beforeAll(async () => {
  world = await openWorld({ scenario, workers: 0 });
});
beforeEach(async () => {
  if ((await listWorkers(world.home)).length === 0) await world.startWorker();
  count += 1;
  repository = world.repository(`repository-${count}`, brokenSum);
});
afterAll(() => world.close());

const start = (name: string, more: Partial<Parameters<World['start']>[0]> = {}) =>
  world.start({ instruction: `Mend the sum (${name}).`, repository, checks: [sumCheck], ...more });

async function delivered(story: Story, from = repository) {
  const end = await story.end();
  expect(end).toMatchObject({ status: 'delivered', reason: '' });
  const evidence = await expectInvariants(world, story.taskId);
  return { end, evidence, branch: deliveredBranch(from, end.branch ?? '') };
}

async function restart(): Promise<void> {
  await world.killWorkers();
  await world.startWorker();
}

test('a worker that is killed during a command: the command runs once, and the tree is the same as without', async () => {
  const calm = await start('during-command');
  await untilMade(world, calm.taskId, 'begun');
  letGo(world, calm.taskId);
  const undisturbed = await delivered(calm);

  const story = await start('during-command');
  await untilMade(world, story.taskId, 'begun');
  await restart();
  letGo(world, story.taskId);
  const { branch, evidence } = await delivered(story);

  expect(branch.read('runs.log')).toBe('ran');
  expect(branch.tree).toBe(undisturbed.branch.tree);
  expect(evidence.ledger[0]?.record.actions[0]?.observation).toMatchObject({ status: 'ok', exitCode: 0 });
});

test('a worker that is killed during a model call: the call is paid at most twice', async () => {
  const story = await start('during-model');
  const asked = () =>
    world.model.requests.filter((one) => one.promptCacheKey === story.taskId && one.turn === 1);
  await vi.waitFor(() => expect(asked()).toHaveLength(1), { timeout: 60_000, interval: 10 });
  await restart();
  const { end } = await delivered(story);
  expect(asked()).toHaveLength(2);
  expect(end.usage.modelCalls).toBe(2);
});

test('a worker that is killed while it evaluates: the check runs once', async () => {
  const story = await start('during-evaluate', { checks: [heldCheck] });
  await untilMade(world, story.taskId, 'begun');
  await restart();
  letGo(world, story.taskId);
  const { branch } = await delivered(story);
  expect(branch.read('judged.log')).toBe('judged');
});

test('a worker that is killed between the push and its record: the branch is published once', async () => {
  const root = join(world.directory, 'served');
  execFileSync('git', ['clone', '--quiet', '--bare', repository, join(root, 'sum.git')]);
  git(join(root, 'sum.git'), 'config', 'http.receivepack', 'true');
  let pushes = 0;
  const pushed = Promise.withResolvers<void>();
  const server = await startGitServer(root, {
    async after(request) {
      if (request.method !== 'POST' || !request.url?.endsWith('git-receive-pack')) return;
      pushes += 1;
      pushed.resolve();
      // Never answered: the worker that pushed does not learn that it did.
      if (pushes === 1) await new Promise(() => undefined);
    },
  });
  const story = await start('plain', { repository: `${server.origin}/sum.git` });
  await pushed.promise;
  await restart();
  const { end, branch } = await delivered(story, join(root, 'sum.git'));
  expect(pushes).toBe(1);
  expect(branch.commit).toBe(end.commit);
  expect(git(join(root, 'sum.git'), 'for-each-ref', '--format=%(refname)').split('\n')).toEqual([
    `refs/heads/longhaul/${story.taskId}`,
    'refs/heads/main',
  ]);
});

test('a worker that is killed while a person is waited for: the question survives and the answer counts', async () => {
  const story = await start('while-waiting');
  const { approval } = await story.until('approval.opened');
  await restart();
  await story.answer(approval, { reason: 'It shall add' });
  const { evidence } = await delivered(story);
  expect(evidence.ledger[0]?.record.approvals).toMatchObject([
    { approvalId: approval.approvalId, digest: approval.digest, outcome: 'granted', by: { name: 'tester' } },
  ]);
});

test('a keeper that is killed during a command: the action is lost, the next ones do not run, and the task goes on from the checkpoint', async () => {
  const story = await start('keeper-dies');
  await untilMade(world, story.taskId, 'begun');
  const recorded = readFileSync(join(world.lease(story.taskId), 'processes.json'), 'utf8');
  const { keeper }: { keeper: ProcessIdentity } = JSON.parse(recorded);
  await killAndWait(keeper, 5_000);
  const { branch, evidence } = await delivered(story);
  expect(evidence.ledger[2]?.record.actions.map((action) => action.observation.status)).toEqual([
    'lost',
    'cancelled',
  ]);
  expect(branch.files()).toEqual(['kept.txt', 'sum.js']);
});

test('a server that is stopped and started in mid-command: nothing is lost and the command runs once', async () => {
  const story = await start('during-command');
  await untilMade(world, story.taskId, 'begun');
  await world.stopServer();
  letGo(world, story.taskId);
  await world.startServer();
  const { branch } = await delivered(story);
  expect(branch.read('runs.log')).toBe('ran');
  expect(world.model.problems()).toEqual([]);
});
