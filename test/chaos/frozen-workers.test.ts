import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { freezeForAWhile, freezeUntilTheEnd } from './faults/freeze-worker.ts';
import { atThisLevel } from './level.ts';
import { type Moment, momentText } from './moments/moment.ts';
import { report, runCell } from './run-cell.ts';

let world: ChaosWorld;

beforeAll(async () => {
  world = await openChaosWorld();
});
afterAll(() => world.close());

const asks = (stage: Moment['stage'], call: string, iteration: number | null = null): Moment => ({
  stage,
  at: 'asks',
  call,
  iteration,
});

const cells = atThisLevel([
  { from: 'brief', fault: freezeUntilTheEnd, moment: asks('execute', 'sandbox.exec') },
  { from: 'usual', fault: freezeForAWhile, moment: asks('execute', 'sandbox.checkpoint') },
  { from: 'usual', fault: freezeForAWhile, moment: asks('rollBack', 'sandbox.restore') },
  { from: 'usual', fault: freezeUntilTheEnd, moment: asks('evaluate', 'sandbox.acquire') },
  { from: 'usual', fault: freezeUntilTheEnd, moment: asks('verifyDelivery', 'sandbox.acquire') },
  { from: 'brief', fault: freezeForAWhile, moment: asks('execute', 'repositories.importCheckpoint', 4) },
  { from: 'brief', fault: freezeUntilTheEnd, moment: asks('deliver', 'forge.publish') },
  { from: 'usual', fault: freezeForAWhile, moment: asks('plan', 'model.respond') },
  { from: 'usual', fault: freezeForAWhile, moment: asks('record', 'artifacts.put') },
] as const).map((cell) => ({ ...cell, text: `${cell.fault.name}, ${momentText(cell.moment)}` }));

test.for(cells)('a $text: it writes nothing, and the task ends as without', async ({ fault, moment }) => {
  expect(report(await runCell(world, fault, moment)).problems).toEqual([]);
});
