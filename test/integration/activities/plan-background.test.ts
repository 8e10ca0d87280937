import { ActivityCancellationDetails, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test, vi } from 'vitest';
import { createPlan } from '../../../activities/plan.ts';
import type { PulseDetails } from '../../../activities/pulse.ts';
import type { PlanInput, PlanOutput } from '../../../contracts/activities.ts';
import { mortal } from '../../helpers/mortal-ports.ts';
import { makePlanPlay, type PlanPlay } from '../../helpers/plan-play.ts';
import { quiet } from '../../helpers/task-fixture.ts';

const profiles = { scripted: { background: true } };
const usage = { input_tokens: 100, output_tokens: 10 };
const reply = [{ message: 'Hm.' }, { exec_command: 'ls' }];

/** One try of a plan on a worker of its own, after what the server knows of the try before. */
function begin(play: PlanPlay, input: PlanInput, before?: PulseDetails, ports = play.task.ports) {
  const env = new MockActivityEnvironment(
    before === undefined ? {} : { attempt: 2, heartbeatDetails: before },
    { logger: quiet },
  );
  const told: PulseDetails[] = [];
  env.on('heartbeat', (details: PulseDetails) => told.push(details));
  const result: Promise<PlanOutput> = env.run(createPlan(ports), input);
  return { env, told, result };
}

const begunId = (details: PulseDetails | undefined) =>
  (details?.kept as { response: { id: string } | null } | undefined)?.response?.id;

test('a worker that dies while the model answers in the background leaves it to the next one, and it is paid once', async () => {
  const play = await makePlanPlay({ turns: [{ reply, usage, delayMs: 500 }] }, { profiles });
  const first = begin(play, play.input());
  await vi.waitFor(() => expect(begunId(first.told.at(-1))).toBeDefined());
  // A worker that is gone: what it hears no longer counts.
  first.env.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
  await expect(first.result).rejects.toThrow();
  expect(play.server.background.cancelled).toEqual([]);

  const planned = await begin(play, play.input(), first.told.at(-1)).result;
  expect(planned).toMatchObject({
    status: 'planned',
    actions: [{ id: 'i1.a1' }],
    record: { responseId: begunId(first.told.at(-1)), usage: { inputTokens: 100, outputTokens: 10 } },
  });
  expect(play.requests()).toHaveLength(1);
  expect(play.server.problems()).toEqual([]);
});

test('an answer whose worker dies before its record is picked up, and counts once', async () => {
  const play = await makePlanPlay({ turns: [{ reply, usage }] }, { profiles });
  const { ports } = mortal(play.task.ports, 1, 'artifacts.put');
  const first = begin(play, play.input(), undefined, ports);
  await expect(first.result).rejects.toThrow('the worker died');
  const planned = await begin(play, play.input(), first.told.at(-1)).result;
  expect(planned).toMatchObject({ record: { usage: { inputTokens: 100, outputTokens: 10 } } });
  expect(play.requests()).toHaveLength(1);
});

test('a response to another request is not picked up', async () => {
  const play = await makePlanPlay({ turns: [{ reply, usage, delayMs: 300 }] }, { profiles });
  const first = begin(play, play.input());
  await vi.waitFor(() => expect(begunId(first.told.at(-1))).toBeDefined());
  first.env.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
  await expect(first.result).rejects.toThrow();
  const other = play.input({ notices: ['the sandbox was lost'] });
  await begin(play, other, first.told.at(-1)).result;
  expect(play.requests()).toHaveLength(2);
});

test('one that has failed is not picked up again: the next try is a new call, and both are counted', async () => {
  const faults = [{ kind: 'incomplete' } as const];
  const play = await makePlanPlay({ turns: [{ reply, usage, faults }] }, { profiles });
  const first = begin(play, play.input());
  await expect(first.result).rejects.toMatchObject({ code: 'model.bad_response' });
  const planned = await begin(play, play.input(), first.told.at(-1)).result;
  expect(planned).toMatchObject({ record: { usage: { inputTokens: 200, outputTokens: 20 } } });
  expect(play.requests()).toHaveLength(2);
});

test('a person who ends the task ends the response in the background too', async () => {
  const play = await makePlanPlay({ turns: [{ reply, delayMs: 60_000, optional: true }] }, { profiles });
  const { env, told, result } = begin(play, play.input());
  await vi.waitFor(() => expect(begunId(told.at(-1))).toBeDefined());
  env.cancel('CANCELLED', new ActivityCancellationDetails({ cancelRequested: true }));
  await expect(result).rejects.toBeInstanceOf(CancelledFailure);
  expect(play.server.background.cancelled).toEqual([begunId(told.at(-1))]);
});
