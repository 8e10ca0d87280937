import { expect, test } from 'vitest';
import { shell } from '../helpers/fake-facts.ts';
import type { PlayedTask } from '../helpers/task-play.ts';
import { localActivities } from './history.ts';
import { useStage } from './stage.ts';

const stage = useStage();
const allowed = { actions: [shell('ls')] };
const denied = { actions: [{ kind: 'invalid', reason: 'no such tool' } as const] };

async function decided(task: PlayedTask) {
  await task.outcome();
  const { events } = await task.handle.fetchHistory();
  const records = await task.records();
  return {
    asked: localActivities(events ?? []).filter((name) => name === 'authorize').length,
    outcomes: records.map(({ actions }) => actions[0]?.decision.outcome),
    observed: records.map(({ actions }) => actions[0]?.observation.status),
  };
}
const same = { outcomes: ['allow', 'deny'], observed: ['ok', 'denied'] };

test.concurrent('what the plan has decided is not asked of policy again', async () => {
  const task = await stage().play([allowed, denied, {}]);
  const { asked, outcomes, observed } = await decided(task);
  // Once for the delivery, which is no action of a plan.
  expect(asked).toBe(1);
  expect({ outcomes: outcomes.slice(0, 2), observed: observed.slice(0, 2) }).toEqual(same);
});

test.concurrent('a plan that could not decide leaves it to the stage of its own, which allows and denies the same', async () => {
  const task = await stage().play([{ ...allowed, undecided: true }, { ...denied, undecided: true }, {}]);
  const { asked, outcomes, observed } = await decided(task);
  expect(asked).toBe(3);
  expect({ outcomes: outcomes.slice(0, 2), observed: observed.slice(0, 2) }).toEqual(same);
});
