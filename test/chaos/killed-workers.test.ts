import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { killWorker } from './faults/kill-worker.ts';
import { atThisLevel } from './level.ts';
import { everyMoment } from './moments/all.ts';
import { momentText } from './moments/moment.ts';
import { report, runCell } from './run-cell.ts';

let world: ChaosWorld;

beforeAll(async () => {
  world = await openChaosWorld();
});
afterAll(() => world.close());

const cells = atThisLevel(everyMoment).map(({ moment }) => ({ moment, text: momentText(moment) }));

test.for(cells)('a worker that is killed $text: the task ends as without', async ({ moment }) => {
  expect(report(await runCell(world, killWorker, moment)).problems).toEqual([]);
});
