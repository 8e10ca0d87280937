import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { level, seed } from './level.ts';
import { judgeEnd, report } from './run-cell.ts';
import { stormOf, stormText, strike } from './storm.ts';

const counts = { brief: 0, usual: 2, long: 20 } as const;
const limitMs = 300_000;

let world: ChaosWorld;

beforeAll(async () => {
  world = await openChaosWorld();
});
afterEach(() => world.slowDownStore(0));
afterAll(() => world.close());

// One seed more for each storm: a storm alone is repeated as the first of a run with its own seed.
const storms = Array.from({ length: counts[level] }, (_, index) => seed + index);

test.skipIf(storms.length === 0).for(storms.length === 0 ? [seed] : storms)(
  'a storm of faults drawn from the seed %i: the task ends as without',
  { timeout: limitMs },
  async (drawn) => {
    await world.replaceWorkers();
    const storm = stormOf(drawn);
    process.stdout.write(`storm ${drawn}: ${stormText(storm)}\n`);
    const task = await world.startTask(null);
    const struck = await strike(world, task, storm);
    // Each blow may take away one call that was under way.
    const problems = await judgeEnd(world, task, false, struck);
    report({ fault: 'a storm of faults', moment: 'random', recoveryMs: null, problems });
    expect(problems, `seed ${drawn}: ${stormText(storm)}`).toEqual([]);
    expect(struck).toBeGreaterThan(0);
  },
);
