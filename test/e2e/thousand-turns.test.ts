import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Evidence } from '../helpers/e2e-evidence.ts';
import { deliveredBranch } from '../helpers/e2e-repositories.ts';
import { brokenSum, conversation, mendAndDone, sumCheck } from '../helpers/e2e-scenario.ts';
import { openWorld, type World } from '../helpers/e2e-world.ts';
import { expectInvariants } from '../helpers/invariants.ts';

const turns = 1000;
const maxBytes = 12 * 1024;
const maxEvents = 24;

const scenario = {
  conversations: [
    conversation('long', [{ reply: [{ exec_command: 'echo turn {{n}}' }], repeat: turns }, ...mendAndDone]),
  ],
};

let world: World;

beforeAll(async () => {
  world = await openWorld({ scenario });
});
afterAll(() => world.close());

interface Iteration {
  readonly endedAtMs: number;
  readonly bytes: number;
  readonly events: number;
  /** Another run began in it: continue-as-new carries the state over. */
  readonly crossesRuns: boolean;
}

/** History cut where an iteration's record lies. */
function iterationsOf({ events, history }: Evidence): readonly Iteration[] {
  const ends = new Map(events.flatMap((e) => (e.type === 'iteration.recorded' ? [[e.seq, e.atMs]] : [])));
  const iterations: Iteration[] = [];
  let open: Evidence['history'][number][] = [];
  for (const event of history) {
    open.push(event);
    const endedAtMs = ends.get(event.seq);
    if (endedAtMs === undefined) continue;
    const crossesRuns = new Set(open.map(({ seq }) => seq.split('.')[0])).size > 1;
    iterations.push({
      endedAtMs,
      events: open.length,
      bytes: open.reduce((all, { bytes }) => all + bytes, 0),
      crossesRuns,
    });
    open = [];
  }
  return iterations;
}

const mean = (values: readonly number[]) => values.reduce((all, value) => all + value, 0) / values.length;

test('a task of a thousand turns: each iteration costs as much history at the end as at the beginning', async () => {
  const repository = world.repository('long', brokenSum);
  const story = await world.start({
    instruction: 'Mend it, slowly (long).',
    repository,
    checks: [sumCheck],
    budget: { maxUsd: null, maxIterations: turns + 10 },
  });
  const end = await story.end();
  expect(end).toMatchObject({ status: 'delivered', iterations: turns + 2 });
  expect(deliveredBranch(repository, end.branch ?? '').files()).toEqual(['sum.js']);
  const evidence = await expectInvariants(world, story.taskId);

  const iterations = iterationsOf(evidence);
  expect(iterations).toHaveLength(turns + 2);
  const inOneRun = iterations.slice(1, turns).filter((one) => !one.crossesRuns);
  expect(Math.max(...inOneRun.map((one) => one.events))).toBeLessThanOrEqual(maxEvents);
  expect(Math.max(...inOneRun.map((one) => one.bytes))).toBeLessThanOrEqual(maxBytes);

  const early = iterations.slice(10, 110);
  const late = iterations.slice(900, 1000);
  expect(mean(late.map((one) => one.bytes))).toBeLessThanOrEqual(mean(early.map((one) => one.bytes)) * 1.05);
  const loopMs = (of: readonly Iteration[]) =>
    Math.round(((of.at(-1)?.endedAtMs ?? 0) - (of[0]?.endedAtMs ?? 0)) / (of.length - 1));
  const measured = [early, late].map(
    (of) =>
      `${loopMs(of)} ms, ${Math.round(mean(of.map((one) => one.bytes)))} bytes, ${mean(of.map((one) => one.events))} events`,
  );
  // Told, not held: how long it takes depends on the machine.
  process.stderr.write(`an iteration at 10 to 110: ${measured[0]}; at 900 to 1,000: ${measured[1]}\n`);
}, 900_000);
