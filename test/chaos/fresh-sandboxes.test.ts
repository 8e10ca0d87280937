import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { killWorker } from './faults/kill-worker.ts';
import { atThisLevel } from './level.ts';
import { type Moment, momentText } from './moments/moment.ts';
import { report, runCell } from './run-cell.ts';

let world: ChaosWorld;

beforeAll(async () => {
  world = await openChaosWorld({ env: { LONGHAUL_SANDBOX_LEASE: 'iteration' } });
});
afterAll(() => world.close());

const moment = (stage: Moment['stage'], at: Moment['at'], call: string | null = null): Moment => ({
  stage,
  at,
  call,
  iteration: null,
});

const cells = atThisLevel([
  { from: 'brief', moment: moment('releaseSandboxes', 'got', 'sandbox.release') },
  { from: 'usual', moment: moment('releaseSandboxes', 'after') },
  { from: 'usual', moment: moment('execute', 'got', 'sandbox.acquire') },
  { from: 'usual', moment: moment('execute', 'after') },
  { from: 'usual', moment: moment('rollBack', 'got', 'sandbox.restore') },
] as const).map((cell) => ({ ...cell, text: momentText(cell.moment) }));

test.for(cells)(
  'with a sandbox for each iteration, a worker that is killed $text: the task ends as without',
  async ({ moment: at }) => {
    const run = report(await runCell(world, killWorker, at));
    expect(run.problems).toEqual([]);
  },
);
