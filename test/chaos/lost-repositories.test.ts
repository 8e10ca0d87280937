import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { git, gitWith } from '../helpers/git-fixture.ts';
import { type ChaosTask, type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { before, type Moment } from './moments/moment.ts';
import { judgeEnd, report, untilStopped } from './run-cell.ts';
import { filesOf } from './script.ts';

let world: ChaosWorld;
let count = 0;

beforeAll(async () => {
  world = await openChaosWorld();
});
afterAll(() => world.close());

/** A task on a bare repository, stopped at a moment. */
async function startOnBare(moment: Moment): Promise<ChaosTask> {
  await world.replaceWorkers();
  count += 1;
  const name = `remote-${count}`;
  const bare = join(world.directory, `${name}.git`);
  git(world.directory, 'clone', '--quiet', '--bare', world.repository(name, filesOf(name)), bare);
  const task = await world.startTask(moment, { repository: bare });
  await untilStopped(world, task, moment.stage);
  return { ...task, name };
}

async function expectAsWithout(task: ChaosTask, fault: string, moment: string): Promise<void> {
  const problems = await judgeEnd(world, task, false);
  report({ fault, moment, recoveryMs: null, problems });
  expect(problems).toEqual([]);
}

test('a repository whose branch is force-pushed to other history and pruned while a task runs: the task ends as without', async () => {
  const task = await startOnBare(before('execute', 2));
  const { repository } = task;
  const tree = gitWith(repository, { input: '' }, 'mktree');
  const other = git(repository, 'commit-tree', '-m', 'other history', tree);
  git(repository, 'update-ref', 'refs/heads/main', other);
  git(repository, 'reflog', 'expire', '--expire=now', '--all');
  git(repository, 'gc', '--quiet', '--prune=now');
  world.moments.letGo(task.taskId);
  await expectAsWithout(task, 'repository force-pushed', 'before execute 2');
  expect(await task.story.end()).toMatchObject({ mergesCleanly: false });
  expect(git(repository, 'rev-parse', 'main')).toBe(other);
});

test('a repository that is deleted while a task runs: the task works on, says at delivery what is missing, and delivers when it is back', async () => {
  const task = await startOnBare(before('execute', 2));
  const { repository, story } = task;
  renameSync(repository, `${repository}.away`);
  world.moments.letGo(task.taskId);
  const { approval } = await story.until('approval.opened', (one) => one.approval.subject === 'fault');
  expect(approval.title).toBe('deliver failed. Try again?');
  expect(world.moments.started(task.taskId).some(({ stage }) => stage === 'verifyDelivery')).toBe(true);
  expect(world.shown(approval)).toMatch(
    /repository\.not_found: .*Bring it back there.*longhaul diff --patch/su,
  );
  renameSync(`${repository}.away`, repository);
  await story.answer(approval);
  await expectAsWithout(task, 'repository deleted, and brought back', 'before execute 2');
});
