import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { createPlan } from '../../../activities/plan.ts';
import type { PulseDetails } from '../../../activities/pulse.ts';
import type { PlanInput, PlanOutput } from '../../../contracts/activities.ts';
import { LonghaulError } from '../../../contracts/error.ts';
import type { ScenarioInput } from '../../../models/scripted/scenario.ts';
import { mortal, WorkerDied } from '../../helpers/mortal-ports.ts';
import { afterCompaction, makePlanPlay, type PlanPlay } from '../../helpers/plan-play.ts';
import { quiet } from '../../helpers/task-fixture.ts';

const usage = { input_tokens: 1000, cached_tokens: 400, output_tokens: 100, reasoning_tokens: 60 };
const price = { inputUsdPerMTok: 10, cachedInputUsdPerMTok: 1, outputUsdPerMTok: 100 };
const profiles = { scripted: { price } };
const eachUsd = (600 * 10 + 400 + 100 * 100) / 1e6;

interface Tried {
  readonly result: PlanOutput | undefined;
  readonly error: unknown;
  /** What the server knows of it when it is tried again. */
  readonly told: PulseDetails | undefined;
}

/** One try of a plan, after what the try before had told. */
async function tryPlan(
  play: PlanPlay,
  input: PlanInput,
  before?: PulseDetails,
  ports = play.task.ports,
): Promise<Tried> {
  const info = before === undefined ? {} : { attempt: 2, heartbeatDetails: before };
  const env = new MockActivityEnvironment(info, { logger: quiet });
  let told: PulseDetails | undefined;
  env.on('heartbeat', (details: PulseDetails) => {
    told = details;
  });
  try {
    const result: PlanOutput = await env.run(createPlan(ports), input);
    return { result, error: undefined, told };
  } catch (error) {
    return { result: undefined, error, told };
  }
}

type FaultInput = NonNullable<NonNullable<ScenarioInput['turns']>[number]['faults']>[number];
const counted = { input_tokens: 1000, input_tokens_details: { cached_tokens: 400 }, output_tokens: 100 };
const completedWith = (output: readonly { readonly [key: string]: string }[]): FaultInput => ({
  kind: 'completed_with',
  times: 2,
  response: { id: 'r', output: [...output], usage: counted },
});
const unusable: readonly { readonly title: string; readonly fault: FaultInput }[] = [
  { title: 'cut off', fault: { kind: 'incomplete', times: 2 } },
  {
    title: 'refused by its form',
    fault: completedWith([{ type: 'function_call', call_id: '', name: 'x', arguments: '' }]),
  },
  { title: 'empty', fault: completedWith([]) },
];

test.each(unusable)(
  'an answer that is $title counts where the provider counts it, in the record too',
  async ({ fault }) => {
    const play = await makePlanPlay(
      { turns: [{ reply: [{ message: 'm' }], faults: [fault], usage }] },
      { profiles },
    );
    const first = await tryPlan(play, play.input());
    expect(first.error).toMatchObject({ code: 'model.bad_response' });
    const second = await tryPlan(play, play.input(), first.told);
    expect(JSON.parse(String((second.error as { details: { paid: string } }).details.paid))).toMatchObject({
      usage: { inputTokens: 2000, cachedTokens: 800, outputTokens: 200 },
    });
    const { result } = await tryPlan(play, play.input(), second.told);
    if (result?.status !== 'planned') throw new Error('expected a plan');
    expect(result.record).toMatchObject({ attempts: 2, usage: { inputTokens: 3000, outputTokens: 300 } });
    expect(result.record.costUsd).toBeCloseTo(3 * eachUsd);
  },
);

test('an answer whose worker dies before it is stored counts for the next try, which asks again', async () => {
  const play = await makePlanPlay({ turns: [{ reply: [{ message: 'm' }], usage }] }, { profiles });
  const { ports } = mortal(play.task.ports, 1, 'artifacts.put');
  const first = await tryPlan(play, play.input(), undefined, ports);
  expect(first.error).toBeInstanceOf(WorkerDied);
  const { result } = await tryPlan(play, play.input(), first.told);
  expect(result).toMatchObject({ record: { usage: { inputTokens: 2000, outputTokens: 200 } } });
  expect(play.requests()).toHaveLength(2);
});

test('a store that takes nothing is found out before a call is paid again', async () => {
  const play = await makePlanPlay({ turns: [{ reply: [{ message: 'm' }], usage }] }, { profiles });
  const { ports } = play.task;
  const noRoom = () => Promise.reject(new LonghaulError('artifact.store_full', 'there is no room'));
  const full = { ...ports, artifacts: { ...ports.artifacts, put: noRoom } };
  const first = await tryPlan(play, play.input(), undefined, full);
  const second = await tryPlan(play, play.input(), first.told, full);
  for (const { error } of [first, second]) expect(error).toMatchObject({ code: 'artifact.store_full' });
  expect(play.requests()).toHaveLength(1);
  const { result } = await tryPlan(play, play.input(), first.told);
  expect(result).toMatchObject({ record: { usage: { inputTokens: 2000, outputTokens: 200 } } });
});

test('what earlier tries have paid is held against the budget before the next call', async () => {
  const play = await makePlanPlay(
    { turns: [{ reply: [{ message: 'm' }], faults: [{ kind: 'incomplete' }], usage, optional: true }] },
    { profiles },
  );
  const withBudget = (maxUsd: number) => play.input({ budget: { maxUsd, maxIterations: 9 } });
  const { result } = await tryPlan(play, withBudget(0.01));
  if (result?.status !== 'over_budget') throw new Error('expected an estimate');
  const input = withBudget(result.estimatedUsd + eachUsd / 2);
  const first = await tryPlan(play, input);
  expect(first.error).toMatchObject({ code: 'model.bad_response' });
  expect((await tryPlan(play, input, first.told)).result).toMatchObject({ status: 'over_budget' });
  expect(play.requests()).toHaveLength(1);
});

test('a compaction is a result of its own: the call after it fails and is tried again without another', async () => {
  const play = await makePlanPlay(
    {
      turns: [
        {
          reply: [{ message: 'm' }],
          faults: [{ kind: 'context_exceeded' }, { kind: 'server_error' }],
          usage,
        },
      ],
    },
    { profiles },
  );
  const input = play.input({
    steers: [{ by: 'ann', text: 'mind the tests' }],
    notices: ['the sandbox was lost'],
  });
  const { result: compacted } = await tryPlan(play, input);
  if (compacted?.status !== 'compacted') throw new Error('expected a compaction');
  const next = { ...afterCompaction(input, compacted), steers: [{ by: 'bob', text: 'quickly' }] };
  expect((await tryPlan(play, next)).error).toMatchObject({ code: 'model.unavailable' });
  const { result } = await tryPlan(play, next);
  if (result?.status !== 'planned') throw new Error('expected a plan');

  const [, summary, failed, asked] = play.requests();
  // The one that was too long, the summary, the one that failed, the answer.
  expect(play.requests()).toHaveLength(4);
  expect(summary?.inputText).toContain('Stop working');
  expect(asked?.inputText).toBe(failed?.inputText);
  for (const said of ['ann says: mind the tests', 'the sandbox was lost', 'bob says: quickly'])
    expect(asked?.inputText.split(said)).toHaveLength(2);
  expect(result.record).toMatchObject({
    prefixChangedAt: compacted.compaction.keptPrefixItems,
    droppedDigest: compacted.compaction.droppedDigest,
    usage: { inputTokens: 1000 + compacted.paid.usage.inputTokens },
  });
  expect(compacted.paid.usage.inputTokens).toBeGreaterThan(0);
  expect(play.server.problems()).toEqual([]);
});
