import { expect, test } from 'vitest';
import type { Answer } from '../../contracts/approval.ts';
import { digestOf } from '../../contracts/digest.ts';
import { messageName } from '../../contracts/words/messages.ts';
import { askHuman, shell } from '../helpers/fake-facts.ts';
import { interventionsOf } from '../helpers/phases.ts';
import { answerTo, type PlayedTask } from '../helpers/task-play.ts';
import { useStage } from './stage.ts';

const stage = useStage();
const act = { actions: [shell('ls')] };
const install = { actions: [shell('npm install left-pad')] };
const ann = { name: 'ann', proof: 'os_user' } as const;
const bob = { name: 'bob', proof: 'os_user' } as const;
let sent = 0;

/** As from another place: the server does not know it for the same update. */
const sendAgain = (task: PlayedTask, answer: Answer) =>
  task.handle.executeUpdate<{ outcome: string }, [Answer]>(messageName.decide, {
    args: [answer],
    updateId: `again-${++sent}`,
  });

test.concurrent('the same decision again has the same result, also later and from elsewhere; another one is told what was decided', async () => {
  const task = await stage().play([install, { actions: [askHuman('Which way?')] }, {}]);
  const [approval] = await task.pending();
  await task.answer(approval, { by: ann });
  const { pending } = await task.stateWhen((state) => state.pending[0]?.approvalId === 'i2.a0');
  expect(await sendAgain(task, answerTo(approval, { by: ann }))).toEqual({ outcome: 'granted' });
  for (const said of [{ by: ann, outcome: 'rejected' }, { by: bob }] as const)
    await expect(task.answer(approval, said)).rejects.toMatchObject({
      code: 'approval.decided',
      message: expect.stringMatching(/^i1\.a0 was granted by ann \(os_user\) at .* UTC: the first answer/),
    });
  if (pending[0]) await task.answer(pending[0], { reason: 'up' });
  await task.outcome();
  const [first, second] = await task.records();
  expect(first?.approvals).toMatchObject([{ approvalId: 'i1.a0', outcome: 'granted', by: ann }]);
  expect(second?.interventions?.map(({ by, refused }) => [by.name, refused === null])).toEqual([
    ...[
      ['ann', true],
      ['ann', false],
      ['bob', false],
    ],
    ['ann', true],
  ]);
});

test.concurrent('an answer that comes after silence counted as a refusal is told so', async () => {
  const task = await stage().play([install, { actions: [askHuman('Which way?')] }, {}], {
    approvalTimeoutMs: 1500,
  });
  const [approval] = await task.pending();
  await task.stateWhen((state) => state.pending[0]?.approvalId === 'i2.a0');
  await expect(task.answer(approval, {})).rejects.toMatchObject({
    code: 'approval.decided',
    message: expect.stringContaining('nobody answered i1.a0 in time'),
  });
  await stage().client.cancel(task.taskId, 'ann');
  await task.outcome();
});

test.concurrent('what a rollback has overtaken is not asked any more, does not run, and an answer to it is told who rolled back', async () => {
  const task = await stage().play([act, install, { actions: [askHuman('Which way?')] }, {}]);
  const [approval] = await task.pending();
  expect(await stage().client.rollback(task.taskId, 1, 'ann')).toMatchObject({ withdrawn: ['i2.a0'] });
  const { pending } = await task.stateWhen((state) => state.pending[0]?.approvalId === 'i3.a0');
  await expect(task.answer(approval, {})).rejects.toMatchObject({
    code: 'approval.changed',
    message: expect.stringMatching(/^i2\.a0 is not asked any more: ann rolls .* end of iteration 1 \(/),
  });
  if (pending[0]) await task.answer(pending[0], { reason: 'up' });
  await task.outcome();
  expect((await task.records())[1]).toMatchObject({
    approvals: [{ approvalId: 'i2.a0', outcome: 'withdrawn', by: ann }],
    actions: [{ observation: { status: 'denied', note: expect.stringContaining('not asked any more') } }],
  });
  expect(task.stages.inputs('execute')).toHaveLength(1);
});

test.concurrent('a rollback is an answer to whether a stuck task goes on', async () => {
  const stuck = { ...act, evaluation: { next: 'ask' as const, reason: 'no progress' } };
  const task = await stage().play([act, stuck, {}]);
  await task.pending();
  await stage().client.rollback(task.taskId, 1, 'ann');
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect(task.stages.inputs('rollBack')).toMatchObject([{ toIteration: 1 }]);
});

test.concurrent('other constraints take a delivery that waits back, and the model works on', async () => {
  const task = await stage().play((iteration) => (iteration === 1 ? act : {}), {
    policy: { name: 'default', digest: null },
  });
  const [delivery] = await task.pending();
  const constraints = { add: ['no new files'], replace: false };
  const changed = await stage().client.change(task.taskId, {
    budget: null,
    model: null,
    constraints,
    by: ann,
  });
  expect(changed).toMatchObject({ constraints: 1, withdrawn: ['i2.deliver'] });
  const { pending } = await task.stateWhen((state) => state.pending[0]?.approvalId === 'i3.deliver');
  await expect(task.answer(delivery, {})).rejects.toMatchObject({
    code: 'approval.changed',
    message: expect.stringContaining('ann changed the constraints (added 1)'),
  });
  expect(task.stages.calls).not.toContain('deliver');
  if (pending[0]) await task.answer(pending[0], {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
});

test.concurrent('whatever is told to a task that has ended is answered with how it ended', async () => {
  const { client } = stage();
  const done = await stage().play([{ actions: [shell('npm install left-pad')] }, {}]);
  const [approval] = await done.pending();
  await done.answer(approval, {});
  await done.outcome();
  const how = {
    code: 'task.ended',
    message: expect.stringContaining(`it was delivered as longhaul/${done.taskId}`),
  };
  await expect(done.answer(approval, { outcome: 'rejected' })).rejects.toMatchObject(how);
  await expect(client.cancel(done.taskId, 'ann', { mode: 'soft' })).rejects.toMatchObject(how);
  await expect(client.rollback(done.taskId, 0, 'ann')).rejects.toMatchObject(how);
  const cancelled = await stage().play([act, act]);
  const hold = cancelled.stages.hold('execute');
  await hold.reached;
  await client.cancel(cancelled.taskId, 'ann');
  await cancelled.outcome();
  const change = { budget: { maxIterations: 9 }, model: null, constraints: null, by: ann };
  await expect(client.change(cancelled.taskId, change)).rejects.toMatchObject({
    code: 'task.ended',
    message: expect.stringContaining('it was cancelled: cancelled by ann, at once'),
  });
});

test.concurrent('a raised budget answers a waiting question for more, and a lowered one makes the task ask', async () => {
  const { client } = stage();
  const task = await stage().play((iteration) => (iteration < 5 ? act : {}), {
    budget: { maxUsd: null, maxIterations: 1 },
  });
  const [approval] = await task.pending();
  const change = (maxIterations: number) =>
    client.change(task.taskId, { budget: { maxIterations }, model: null, constraints: null, by: ann });
  const hold = task.stages.hold('execute');
  expect(await change(9)).toMatchObject({ withdrawn: [approval.approvalId], budget: { maxIterations: 9 } });
  await hold.reached;
  await change(1);
  hold.release();
  const { pending } = await task.stateWhen((state) => state.pending[0]?.approvalId === 'i3.budget-1');
  const { details } = await client.card(task.taskId, pending[0] as typeof approval);
  expect(details).toEqual(['2 iterations are used, and at most 1 may be']);
  expect(pending[0]?.title).toContain('up to 3 iterations');
  // Not enough: it is asked anew, with what would be enough now.
  await change(2);
  const again = await task.stateWhen((state) => state.pending[0]?.approvalId === 'i3.budget-2');
  if (again.pending[0]) await task.answer(again.pending[0], {});
  await task.stateWhen((state) => state.pending[0]?.approvalId === 'i4.budget-1');
  await change(50);
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 5 });
  expect((await task.records())[1]?.approvals).toMatchObject([
    { approvalId: 'i2.budget-1', outcome: 'withdrawn', reason: 'ann changed the budget to 9 iterations' },
  ]);
});

test.concurrent('a limit in money that was not there at first makes the task ask, and granting adds that limit once more', async () => {
  const task = await stage().play([{ ...act, costUsd: 0.6 }, { ...act, estimatedUsd: 0.5 }, {}]);
  const hold = task.stages.hold('execute');
  await hold.reached;
  await stage().client.change(task.taskId, {
    budget: { maxUsd: 1 },
    model: null,
    constraints: null,
    by: ann,
  });
  hold.release();
  const [approval] = await task.pending();
  expect(approval.title).toContain('and 2 USD');
  await task.answer(approval, {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
});

test.concurrent('a change that means nothing is refused and leaves nothing; one that does not fit is refused and recorded', async () => {
  const task = await stage().play([act, {}]);
  const hold = task.stages.hold('execute');
  await hold.reached;
  const send = (more: object) =>
    stage().client.change(task.taskId, { budget: null, model: null, constraints: null, by: ann, ...more });
  // Not the length: a workflow task that the server had to write down leaves three events, whatever became of the update.
  const updates = async () =>
    ((await task.handle.fetchHistory()).events ?? []).filter(
      (event) => event.workflowExecutionUpdateAcceptedEventAttributes,
    );
  const wrong: readonly object[] = [
    {},
    ...[0, -1, 'much', { a: 1 }].map((maxUsd) => ({ budget: { maxUsd } })),
    ...[0, 1.5, '9'].map((maxIterations) => ({ budget: { maxIterations } })),
    ...['', ' ', 7, 'x'.repeat(201)].map((model) => ({ model })),
    { constraints: ['no list of texts'] },
    { constraints: { add: [' '], replace: false } },
    { constraints: { add: Array.from({ length: 3 }, () => 'x'.repeat(4000)), replace: true } },
  ];
  for (const more of wrong) await expect(send(more)).rejects.toMatchObject({ code: 'usage.invalid' });
  expect(await updates()).toEqual([]);
  const much = { constraints: { add: ['x'.repeat(4000), 'y'.repeat(3000)], replace: false } };
  await send(much);
  await expect(send(much)).rejects.toMatchObject({
    code: 'usage.invalid',
    message: expect.stringContaining('wait for the next plan'),
  });
  hold.release();
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect((await interventionsOf(task)).map(({ kind, refused }) => [kind, refused === null])).toEqual([
    ['change', true],
    ['change', false],
  ]);
});

test.concurrent('constraints are told to the model once, each change in its turn, and the newest hold', async () => {
  const task = await stage().play([act, act, act, {}], { constraints: ['the old one'] });
  const [first, second] = [task.stages.hold('execute'), task.stages.hold('execute')];
  const send = (add: readonly string[], replace: boolean) =>
    stage().client.change(task.taskId, {
      budget: null,
      model: null,
      constraints: { add: [...add], replace },
      by: ann,
    });
  await first.reached;
  await send(['a'], false);
  await send(['b'], false);
  first.release();
  await second.reached;
  expect(await send(['c'], true)).toMatchObject({ constraints: 1 });
  second.release();
  await task.outcome();
  const plans = task.stages.inputs('plan');
  expect(plans.map(({ notices }) => notices)).toEqual([
    [],
    [
      'ann adds constraints, which hold from now on:\n- a\nann adds constraints, which hold from now on:\n- b',
    ],
    ['ann replaces the constraints. From now on these hold, and no others:\n- c'],
    [],
  ]);
  const held = await Promise.all(
    plans.map(async ({ constraintsDigest }) =>
      constraintsDigest === null
        ? null
        : JSON.parse(new TextDecoder().decode(await stage().store.get(constraintsDigest))),
    ),
  );
  expect(held).toEqual([null, ['the old one', 'a', 'b'], ['c'], ['c']]);
  expect(digestOf(Buffer.from('["c"]'))).toBe(plans[3]?.constraintsDigest);
});
