import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { killServer, restartServer } from './faults/break-server.ts';
import { atThisLevel } from './level.ts';
import { everyMoment } from './moments/all.ts';
import { momentText } from './moments/moment.ts';
import { report, runCell } from './run-cell.ts';

let world: ChaosWorld;

beforeAll(async () => {
  world = await openChaosWorld();
});
afterAll(() => world.close());

const inside = everyMoment.filter(({ moment }) => moment.at === 'got');
const often: readonly string[] = ['plan', 'deliver'];
const cells = atThisLevel([
  ...inside.map(({ moment }) => ({
    moment,
    fault: killServer,
    from: often.includes(moment.stage) ? ('brief' as const) : ('usual' as const),
  })),
  ...inside.map(({ moment }) => ({
    moment,
    fault: restartServer,
    from: moment.stage === 'execute' ? ('brief' as const) : ('long' as const),
  })),
]).map((cell) => ({ ...cell, text: `${cell.fault.name}, ${momentText(cell.moment)}` }));

test.for(cells)('$text: the task ends as without', async ({ fault, moment }) => {
  expect(report(await runCell(world, fault, moment)).problems).toEqual([]);
});
