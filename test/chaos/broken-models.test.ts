import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type ChaosTask, type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { untilTriedAgain } from './faults/until-tried-again.ts';
import { atThisLevel, reaches } from './level.ts';
import { judgeEnd, report, untilStopped } from './run-cell.ts';
import { instructionOf } from './script.ts';

// Above what the slow answer of the script takes, and short of an hour.
const requestTimeoutMs = 3_000;

let world: ChaosWorld;

beforeAll(async () => {
  world = await openChaosWorld({ env: { LONGHAUL_CHAOS_MODEL_TIMEOUT_MS: String(requestTimeoutMs) } });
});
afterEach(() => world.gate.open());
afterAll(() => world.close());

const beforeTheCall = { stage: 'plan', at: 'asks', call: 'model.respond', iteration: null } as const;

async function judged(task: ChaosTask, fault: string, sinceMs: number | null, paidTwice: number) {
  const problems = await judgeEnd(world, task, false, paidTwice);
  const next = world.moments.started(task.taskId).find(({ atMs }) => sinceMs !== null && atMs > sinceMs);
  const recoveryMs = next === undefined || sinceMs === null ? null : next.atMs - sinceMs;
  report({ fault, moment: 'inside plan', recoveryMs, problems });
  expect(problems).toEqual([]);
}

const untilAsked = ({ taskId }: ChaosTask) =>
  vi.waitFor(
    () => {
      if (!world.model.requests.some((one) => one.promptCacheKey === taskId))
        throw new Error(`${taskId} has not asked the model`);
    },
    { timeout: 60_000, interval: 5 },
  );

test('a model server that is down for longer than one try: the task ends as without, and no call is paid twice', async () => {
  const task = await world.startTask(beforeTheCall);
  await untilStopped(world, task, 'the first call');
  await world.gate.shut();
  world.moments.letGo(task.taskId);
  await untilTriedAgain(world, task, 2);
  await world.gate.open();
  await judged(task, 'model server down', Date.now(), 0);
});

test.runIf(reaches('usual'))(
  'a model server that goes down in the middle of an answer: the task ends as without, and one call is paid twice',
  async () => {
    const task = await world.startTask(null, { instruction: instructionOf('takes its time') });
    await untilAsked(task);
    await world.gate.shut();
    await untilTriedAgain(world, task);
    await world.gate.open();
    await judged(task, 'model server down in mid-answer', Date.now(), 1);
  },
);

test('an answer that comes after the time-out: the task ends as without, and one call is paid twice', async () => {
  const task = await world.startTask(beforeTheCall);
  await untilStopped(world, task, 'the first call');
  world.gate.holdAnswers();
  world.moments.letGo(task.taskId);
  await untilTriedAgain(world, task).finally(() => world.gate.letAnswersGo());
  await judged(task, 'model server answers after the time-out', null, 1);
});

const spoiled = atThisLevel([
  { from: 'usual', name: 'garbage', what: 'garbage' },
  { from: 'brief', name: 'cut', what: 'streams that are cut' },
] as const);

test.for(spoiled)(
  'a model server that gives $what twice at each turn: the task ends as without, and no good answer is paid twice',
  async ({ name, what }) => {
    const task = await world.startTask(null, { instruction: instructionOf(name) });
    await judged(task, `model server gives ${what}`, null, 0);
  },
);
