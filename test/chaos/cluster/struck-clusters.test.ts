import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type ClusterWorld, openClusterWorld } from '../../helpers/cluster-world.ts';
import { brokenSum } from '../../helpers/e2e-scenario.ts';
import { expectInvariants } from '../../helpers/invariants.ts';
import { atThisLevel, seed } from '../level.ts';
import { report } from '../run-cell.ts';
import { type BlowName, blowNames, strike, strikesOf, strikeText } from './blows.ts';
import { type CountServer, openCountServer } from './count-server.ts';
import { checks, instruction, iterations, longTask, treeProblems, wordOf } from './long-task.ts';

const limitMs = 480_000;

// A cluster from elsewhere is not ours to strike, and has no cable to count at.
const hasParts = inject('cluster').own !== undefined;

let cluster: ClusterWorld;
let counter: CountServer;
let tasks = 0;

beforeAll(async () => {
  if (!hasParts) return;
  // The commands count themselves at an address that the namespace gives.
  cluster = await openClusterWorld(async (namespace) => {
    counter = await openCountServer(namespace);
    return { scenario: longTask((word) => counter.command(`"$(cat .task)-${word}"`)), workers: 1 };
  });
});
afterAll(async () => {
  if (!hasParts) return;
  await cluster.close();
  await counter.close();
});

type Ledger = Awaited<ReturnType<typeof expectInvariants>>['ledger'];

/** A command ran once when the record says that it ended, at most once when it was lost, and never when it was not begun. */
const fits = (status: string, times: number): boolean =>
  status === 'lost' ? times <= 1 : times === (status === 'cancelled' ? 0 : 1);

function countProblems(task: string, ledger: Ledger): readonly string[] {
  const commands = ledger.flatMap(({ record: { iteration, actions } }) =>
    actions.flatMap(({ kind, observation: { status } }) => (kind === 'shell' ? [{ iteration, status }] : [])),
  );
  return commands.flatMap(({ iteration, status }) => {
    const times = counter.counted(`${task}-${wordOf(iteration)}`);
    return fits(status, times)
      ? []
      : [`the command of iteration ${iteration} is ${status} and ran ${times} times`];
  });
}

async function struckTask(names: readonly BlowName[], drawn: number): Promise<void> {
  const { world } = cluster;
  const strikes = strikesOf(names, drawn);
  process.stdout.write(`seed ${drawn}: ${strikes.map(strikeText).join(', ')}\n`);
  const name = `task-${++tasks}`;
  const repository = world.repository(name, { ...brokenSum, '.task': `${name}\n` });
  const story = await world.start({ instruction, checks, repository });
  for (const one of strikes) {
    await story.until('iteration.planned', (event) => event.iteration === one.iteration);
    await strike(cluster, one);
  }
  const end = await story.end();
  expect(end).toMatchObject({ status: 'delivered', iterations });
  const { ledger } = await expectInvariants(world, story.taskId);
  const left = (await cluster.objects()).map((object) => `${object} is left`);
  const problems = [
    ...countProblems(name, ledger),
    ...treeProblems(repository, end.branch ?? ''),
    ...left,
    ...world.model.problems(),
  ];
  for (const one of strikes)
    report({ fault: one.blow, moment: `iteration ${one.iteration}`, recoveryMs: null, problems });
  expect(problems, `seed ${drawn}: ${strikes.map(strikeText).join(', ')}`).toEqual([]);
}

const textOf = (names: readonly BlowName[]): string =>
  names.length === 1 ? names.join() : `${names.length} blows of all kinds`;

const cells = atThisLevel([
  { from: 'brief', names: blowNames },
  ...blowNames.map((blow) => ({ from: 'usual' as const, names: [blow] })),
  { from: 'long', names: [...blowNames, ...blowNames] },
]).map(({ names }, index) => ({ names, drawn: seed + index, text: textOf(names) }));

test.skipIf(!hasParts).for(cells)(
  '$text: a task of twenty iterations ends as without, and no command runs twice',
  { timeout: limitMs },
  ({ names, drawn }) => struckTask(names, drawn),
);
