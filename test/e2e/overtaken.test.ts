import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  brokenSum,
  conversation,
  countedAndHeld,
  letGo,
  mendAndDone,
  sumCheck,
  untilMade,
} from '../helpers/e2e-scenario.ts';
import { openWorld, type World } from '../helpers/e2e-world.ts';
import { expectInvariants } from '../helpers/invariants.ts';

// Longer than a wish of people may be old when the next action begins.
const held = `sleep 1; ${countedAndHeld}`;

const scenario = {
  conversations: [
    conversation('several', [
      { reply: [{ exec_command: held }, { exec_command: 'echo after >> after.log' }] },
      ...mendAndDone,
    ]),
  ],
};

let world: World;

beforeAll(async () => {
  world = await openWorld({ scenario });
});
afterAll(() => world.close());

test('a soft cancel in mid-command lets that command be finished and recorded, and begins no other of the iteration', async () => {
  const repository = world.repository('sum', brokenSum);
  const story = await world.start({ instruction: 'Mend the sum (several).', repository, checks: [sumCheck] });
  await untilMade(world, story.taskId, 'begun');
  await world.client.cancel(story.taskId, 'ann', { mode: 'soft' });
  letGo(world, story.taskId);
  expect(await story.end()).toMatchObject({ status: 'cancelled' });
  const { ledger } = await expectInvariants(world, story.taskId);
  expect(ledger.map(({ record }) => record.actions.map(({ observation }) => observation))).toMatchObject([
    [{ status: 'ok' }, { status: 'cancelled', note: 'not run: ann cancelled the task before its turn came' }],
  ]);
  expect(ledger[0]?.record.checkpoint).toMatchObject({ filesChanged: 1 });
});
