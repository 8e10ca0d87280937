import { afterAll, beforeAll, expect, test } from 'vitest';
import { mostAtOnce } from '../../tools/bench/many-tasks.ts';
import { conversation } from '../helpers/e2e-scenario.ts';
import type { Story } from '../helpers/e2e-story.ts';
import { openWorld, type World } from '../helpers/e2e-world.ts';

const crowd = 22;
const commands = 2;

/** Says when it ran, in nanoseconds of the machine. */
const timed =
  'begin=$(date +%s%N); i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo "ran $begin $(date +%s%N)"';
const turns = (count: number) => [
  {
    reply: [{ exec_command: `${timed} # {{n}}` }, { exec_command: `${timed} # again {{n}}` }],
    repeat: count,
  },
  { reply: [{ ask_human: 'Enough?' }] },
  { reply: [{ message: 'Enough.' }], optional: true },
];

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

let world: World;
beforeAll(async () => {
  world = await openWorld({
    scenario: { conversations: [conversation('crowd', turns(12)), conversation('single', turns(3))] },
    env: { LONGHAUL_MAX_COMMANDS: String(commands) },
  });
});
afterAll(() => world.close());

const start = (name: string, requestedBy: string, repository: string): Promise<Story> =>
  world.start({ instruction: `Run (${name}).`, requestedBy, repository });

const recorded = ({ events }: Story): number =>
  events.filter((event) => event.type === 'iteration.recorded').length;

test('one task of another person gets through while twenty-two keep the worker busy, and no more commands run at once than the limit', async () => {
  const repository = world.repository('busy', { 'README.md': '# Busy\n' });
  const others = await Promise.all(Array.from({ length: crowd }, () => start('crowd', 'ann', repository)));
  await Promise.all(others.map((story) => story.until('iteration.recorded')));
  const single = await start('single', 'bob', repository);
  await single.until('context.perceived');
  const before = sum(others.map(recorded));
  await single.until('approval.opened');
  // It has run all of its commands, while the crowd's tasks had hardly more than one turn each: as one of twenty-three it sees three of each.
  expect(recorded(single)).toBe(3);
  expect(sum(others.map(recorded)) - before).toBeLessThan(2 * crowd);
  const waits = others.flatMap(({ events }) =>
    events.filter((event) => event.type === 'live.running' && event.what.startsWith('waits for its turn')),
  );
  expect(waits).not.toEqual([]);
  const ran = await Promise.all([single, ...others].map(commandsOf));
  expect(mostAtOnce(ran.flat())).toBe(commands);
  expect(ran.every((times) => times.length > 0)).toBe(true);
  for (const { taskId } of [single, ...others]) await world.client.cancel(taskId, 'ann');
  await Promise.all([single, ...others].map((story) => story.end()));
});

async function commandsOf({ events }: Story): Promise<readonly (readonly [number, number])[]> {
  const digests = events
    .flatMap((event) => (event.type === 'actions.observed' ? event.observations : []))
    .flatMap(({ outputDigest }) => outputDigest ?? []);
  const outputs = await Promise.all(digests.map((digest) => world.client.artifact(digest)));
  return outputs.flatMap((output) => {
    const ran = /^ran (\d+) (\d+)$/m.exec(new TextDecoder().decode(output));
    return ran === null ? [] : [[Number(ran[1]), Number(ran[2])] as const];
  });
}
