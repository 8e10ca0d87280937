import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Fault } from '../../models/scripted/scenario.ts';
import { deliveredBranch } from '../helpers/e2e-repositories.ts';
import { brokenSum, conversation, mendSum, sumCheck, type TurnInput } from '../helpers/e2e-scenario.ts';
import type { Story } from '../helpers/e2e-story.ts';
import { openWorld, type World } from '../helpers/e2e-world.ts';
import { expectInvariants } from '../helpers/invariants.ts';

type FaultInput = NonNullable<TurnInput['faults']>[number];

const look = { exec_command: 'cat sum.js; echo looked >> looks.log' };

/** A task that meets the same fault before anything was done and again in the middle of a transcript. */
const survived: readonly { readonly name: string; readonly what: string; readonly fault: FaultInput }[] = [
  {
    name: 'rate-limited',
    what: '429 with a time to come again',
    fault: { kind: 'rate_limited', retryAfter: 1 },
  },
  { name: 'server-error', what: '500', fault: { kind: 'server_error' } },
  {
    name: 'unavailable',
    what: '503 with a page of a proxy',
    fault: { kind: 'http', status: 503, body: '<html>' },
  },
  { name: 'reset-before', what: 'a connection reset before the answer', fault: { kind: 'reset_before' } },
  { name: 'reset-mid', what: 'a connection reset within the answer', fault: { kind: 'reset' } },
  { name: 'truncated', what: 'a stream that ends without its last event', fault: { kind: 'end' } },
  { name: 'failed', what: 'response.failed', fault: { kind: 'failed' } },
  { name: 'error-event', what: 'an error as an event', fault: { kind: 'error_event' } },
  { name: 'incomplete', what: 'an answer that was cut off', fault: { kind: 'incomplete' } },
  { name: 'bad-sse', what: 'events that are no JSON', fault: { kind: 'bad_sse' } },
  { name: 'garbage', what: 'a web page instead of an answer', fault: { kind: 'garbage' } },
  {
    name: 'no-response',
    what: 'a last event without a response',
    fault: { kind: 'completed_with', response: null },
  },
  {
    name: 'resets-soon',
    what: 'a usage limit that resets in 3 s',
    fault: { kind: 'usage_limit', resetsInSeconds: 3 },
  },
];

/** Faults that need a person: asked at once, nothing is tried again before. */
const asked: typeof survived = [
  { name: 'unauthorized', what: 'a refused key', fault: { kind: 'unauthorized' } },
  { name: 'quota', what: 'an exhausted quota', fault: { kind: 'quota' } },
  {
    name: 'bad-request',
    what: 'a refused request',
    fault: { kind: 'http', status: 400, body: '{"error":{}}' },
  },
];

const turns = (...faults: readonly FaultInput[]): readonly TurnInput[] => [
  { reply: [{ message: 'I look first.' }, look], faults: [...faults] },
  { expect: { outputs: 1 }, reply: [{ apply_patch: mendSum }], faults: [...faults] },
  { expect: { outputs: 1, contains: ['passed'] }, reply: [{ message: 'It adds.' }] },
];

const scenario = {
  conversations: [
    ...[...survived, ...asked].map(({ name, fault }) => conversation(name, turns(fault))),
    conversation('long-outage', [
      { reply: [look], faults: [{ kind: 'server_error', times: 6 }] },
      ...turns().slice(1),
    ]),
    conversation('counted', [
      {
        reply: [look],
        usage: { input_tokens: 1000, output_tokens: 100 },
        faults: [{ kind: 'incomplete', times: 2 }],
      },
      ...turns().slice(1),
    ]),
    conversation('half-arguments', turns({ kind: 'half_arguments' })),
    conversation('bad-bytes', turns({ kind: 'invalid_utf8' })),
    conversation('unknown-tool', [
      { reply: [{ call: { name: 'launch_rocket', arguments: '{"to":"the moon"}' } }, look] },
      {
        expect: { outputs: 2, contains: ['unsupported call: launch_rocket'] },
        reply: [{ apply_patch: mendSum }],
      },
      ...turns().slice(2),
    ]),
    conversation('bad-arguments', [
      {
        reply: [
          { call: { name: 'exec_command', arguments: '{"cmd":' } },
          { call: { name: 'apply_patch', arguments: '[7]' } },
        ],
      },
      {
        expect: { outputs: 2, contains: ['failed to parse function arguments', 'expected object'] },
        reply: [look],
      },
      ...turns().slice(1),
    ]),
    conversation('context-http', turns({ kind: 'context_exceeded' }).map(onlySecond)),
    conversation('context-event', turns({ kind: 'context_exceeded', form: 'event' }).map(onlySecond)),
  ],
};

function onlySecond(turn: TurnInput, index: number): TurnInput {
  const { expect: _, faults = [], ...rest } = turn;
  return { ...rest, faults: index === 1 ? faults : [] };
}

let world: World;

beforeAll(async () => {
  world = await openWorld({ scenario });
});
afterAll(() => world.close());

async function start(name: string): Promise<{ readonly story: Story; readonly repository: string }> {
  const repository = world.repository(name, brokenSum);
  return {
    story: await world.start({ instruction: `Mend it (${name}).`, repository, checks: [sumCheck] }),
    repository,
  };
}

async function delivered({ story, repository }: Awaited<ReturnType<typeof start>>) {
  const end = await story.end();
  expect(end).toMatchObject({ status: 'delivered', reason: '' });
  const evidence = await expectInvariants(world, story.taskId);
  const branch = deliveredBranch(repository, end.branch ?? '');
  // No fault made a command run twice.
  expect(branch.read('looks.log')).toBe('looked');
  expect(world.model.problems().filter((problem) => problem.includes(story.taskId))).toEqual([]);
  return { end, evidence, branch };
}

const requestsOf = (story: Story) =>
  world.model.requests.filter((one) => one.promptCacheKey === story.taskId);
const faultsOf = (story: Story): readonly (Fault['kind'] | null)[] =>
  requestsOf(story).map((one) => one.fault);

test.concurrent.for(survived)('a task survives $what', async ({ name, fault }) => {
  const task = await start(name);
  const { end, evidence } = await delivered(task);
  expect(faultsOf(task.story)).toEqual([fault.kind, null, fault.kind, null, null]);
  expect(evidence.ledger.map(({ record }) => record.plan.attempts)).toEqual([2, 2, 1]);
  expect(end.usage).toMatchObject({ iterations: 3, modelCalls: 3 });
  expect(task.story.events.filter((event) => event.type === 'approval.opened')).toEqual([]);
});

test.concurrent('answers that were of no use and are paid all the same count in the record and in the usage', async () => {
  const task = await start('counted');
  const { end, evidence } = await delivered(task);
  const plans = evidence.ledger.map(({ record }) => record.plan);
  expect(plans[0]).toMatchObject({ attempts: 3, usage: { inputTokens: 3000, outputTokens: 300 } });
  expect(end.usage.inputTokens).toBe(plans.reduce((sum, plan) => sum + plan.usage.inputTokens, 0));
});

test.concurrent('a task survives a long outage of the model', async () => {
  const task = await start('long-outage');
  const { evidence } = await delivered(task);
  expect(evidence.ledger[0]?.record.plan.attempts).toBe(7);
});

test.concurrent.for(asked)(
  'a task asks a person at once about $what, and goes on when granted',
  async ({ name, fault }) => {
    const task = await start(name);
    const first = await task.story.until('approval.opened');
    expect(first.approval).toMatchObject({ subject: 'fault', title: 'plan failed. Try again?' });
    expect(faultsOf(task.story)).toEqual([fault.kind]);
    await task.story.answer(first.approval);
    const second = await task.story.until(
      'approval.opened',
      ({ approval }) => approval.approvalId !== first.approval.approvalId,
    );
    await task.story.answer(second.approval);
    await delivered(task);
    expect(faultsOf(task.story)).toEqual([fault.kind, null, fault.kind, null, null]);
  },
);

test.concurrent('arguments that are cut in the middle go back to the model as text, and nothing of them runs', async () => {
  const task = await start('half-arguments');
  const { evidence } = await delivered(task);
  expect(evidence.ledger.map(({ record }) => record.actions.map((action) => action.kind))).toEqual([
    ['invalid'],
    ['shell'],
    ['invalid'],
    ['apply_patch'],
    ['deliver'],
  ]);
});

test.concurrent('bytes that are no UTF-8 in an answer do no harm', async () => {
  const task = await start('bad-bytes');
  await delivered(task);
});

test.concurrent('an unknown tool goes back to the model as text, and the rest of the answer runs', async () => {
  const task = await start('unknown-tool');
  const { evidence } = await delivered(task);
  expect(evidence.ledger[0]?.record.actions).toMatchObject([
    { kind: 'invalid', observation: { status: 'denied' } },
    { kind: 'shell', observation: { status: 'ok' } },
  ]);
});

test.concurrent('arguments that are no JSON or of another form go back to the model as text', async () => {
  const task = await start('bad-arguments');
  const { evidence } = await delivered(task);
  expect(evidence.ledger[0]?.record.actions.map((action) => action.kind)).toEqual(['invalid', 'invalid']);
});

test.concurrent.for(['context-http', 'context-event'])(
  'a request that exceeds the context is compacted and the same iteration is repeated (%s)',
  async (name) => {
    const task = await start(name);
    const { end, evidence } = await delivered(task);
    expect(requestsOf(task.story).map((one) => one.fault ?? one.kind)).toEqual([
      'turn',
      'context_exceeded',
      'summary',
      'turn',
      'turn',
    ]);
    expect(end.iterations).toBe(3);
    const plans = evidence.ledger.map(({ record }) => record.plan);
    expect(plans.map((plan) => plan.droppedDigest === null)).toEqual([true, false, true]);
    expect(plans[1]?.attempts).toBe(1);
  },
);
