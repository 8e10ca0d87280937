import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { killKeeper, killRunner, killSandbox } from './faults/kill-sandbox.ts';
import { atThisLevel } from './level.ts';
import { type Moment, momentText } from './moments/moment.ts';
import { report, runCell } from './run-cell.ts';

let world: ChaosWorld;

beforeAll(async () => {
  world = await openChaosWorld();
});
afterAll(() => world.close());

const moment = (stage: Moment['stage'], at: Moment['at'], call: string | null = null): Moment => ({
  stage,
  at,
  call,
  iteration: null,
});

const cells = atThisLevel([
  { from: 'brief', fault: killKeeper, moment: moment('execute', 'got', 'sandbox.exec') },
  { from: 'usual', fault: killKeeper, moment: moment('execute', 'asks', 'sandbox.checkpoint') },
  { from: 'usual', fault: killKeeper, moment: moment('execute', 'after') },
  { from: 'usual', fault: killKeeper, moment: moment('evaluate', 'before') },
  { from: 'usual', fault: killKeeper, moment: moment('rollBack', 'asks', 'sandbox.restore') },
  { from: 'brief', fault: killSandbox, moment: moment('execute', 'before') },
  { from: 'usual', fault: killSandbox, moment: moment('verifyDelivery', 'got', 'sandbox.exec') },
  { from: 'brief', fault: killRunner, moment: moment('execute', 'got', 'sandbox.exec') },
  { from: 'usual', fault: killRunner, moment: moment('perceive', 'after') },
] as const).map((cell) => ({ ...cell, text: `${cell.fault.name}, ${momentText(cell.moment)}` }));

test.for(cells)('$text: no command runs twice, and the task goes on', async ({ fault, moment: at }) => {
  expect(report(await runCell(world, fault, at)).problems).toEqual([]);
});
