import fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { connectClient } from '../../helpers/temporal.ts';
import { startTestServer } from '../../helpers/temporal-setup.ts';
import { anyCommand } from './commands.ts';
import { type Expected, newExpected } from './expected.ts';
import { bringToEnd, expectLeft } from './finale.ts';
import { createLane, expectThere, type Lane, type Real, startReal } from './real.ts';

/*
 * The workflow, on a real server that suggests a new run after every few iterations, against a model of some pages, of which reference.ts is the first.
 * LONGHAUL_MODEL_RUNS: how many tasks (24); the long suite sets it. LONGHAUL_MODEL_SEED: the seed of a run that failed, which each run
 * prints; the same seed and number of runs draws the same tasks.
 */
const { LONGHAUL_MODEL_RUNS, LONGHAUL_MODEL_SEED } = process.env;
const runs = Number(LONGHAUL_MODEL_RUNS ?? 24);
const seed = Number(LONGHAUL_MODEL_SEED ?? Date.now() % 1_000_000);
const lanes = 4;
const budget = { maxUsd: 1, maxIterations: 4 };
const minuteMs = 60_000;

let address = '';
const ends: (() => Promise<void>)[] = [];
let connected: Awaited<ReturnType<typeof connectClient>> | undefined;

beforeAll(async () => {
  // An iteration has about twenty events: most runs hold two or three.
  const server = await startTestServer(['limit.historyCount.suggestContinueAsNew=50']);
  ends.push(server.stop);
  address = server.address;
  connected = await connectClient(address);
  ends.push(connected.close);
  process.stderr.write(`tests: LONGHAUL_MODEL_SEED=${seed}, ${runs} tasks in ${lanes} lanes\n`);
});
afterAll(async () => {
  for (const end of ends.toReversed()) await end();
});

test.concurrent.each(Array.from({ length: lanes }, (_, index) => index))(
  'whatever people and faults do to a task, it is what a page of code says it is (lane %i)',
  async (index) => {
    if (!connected) throw new Error('no connection');
    const lane = createLane(connected.client, address);
    await lane.start();
    try {
      await fc.assert(
        fc.asyncProperty(fc.commands(anyCommand, { maxCommands: 40, size: 'max' }), (commands) =>
          playAgainstModel(lane, commands),
        ),
        { seed: seed + index, numRuns: Math.max(1, Math.round(runs / lanes)), includeErrorInReport: true },
      );
    } finally {
      await lane.stop();
    }
  },
  10 * minuteMs + runs * 20_000,
);

type Commands = Iterable<fc.AsyncCommand<Expected, Real>>;

async function playAgainstModel(lane: Lane, commands: Commands): Promise<void> {
  const x = newExpected(budget, 'gpt-fake');
  const real = await startReal(lane, budget, 'gpt-fake');
  try {
    await expectThere(x, real);
    await fc.asyncModelRun(() => ({ model: x, real }), commands);
    await bringToEnd(x, real);
    await expectLeft(x, real);
  } finally {
    await real.task.handle.terminate().catch(() => {});
  }
}
