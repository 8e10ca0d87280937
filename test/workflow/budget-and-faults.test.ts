import { expect, test, vi } from 'vitest';
import { LonghaulError } from '../../contracts/error.ts';
import type { Digest } from '../../contracts/ids.ts';
import type { Stage } from '../helpers/fake-activities.ts';
import { shell } from '../helpers/fake-facts.ts';
import { type PlayedTask, until } from '../helpers/task-play.ts';
import { useStage } from './stage.ts';

const stage = useStage();
const act = { actions: [shell('ls')] };
const unauthorized = new LonghaulError('model.unauthorized', 'the key was refused');

test.concurrent('a budget of iterations that is used up asks, and granting adds it once more', async () => {
  const task = await stage().play([act, act, act, {}], { budget: { maxUsd: null, maxIterations: 2 } });
  const [approval] = await task.pending();
  expect(approval).toMatchObject({ subject: 'budget', title: expect.stringContaining('up to 4 iterations') });
  expect(task.stages.inputs('plan')).toHaveLength(2);
  await task.answer(approval, {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 4 });
  expect(task.stages.inputs('plan')[3]?.budget).toEqual({ maxUsd: null, maxIterations: 4 });
});

test.concurrent('more budget that is rejected stops the task without another model call', async () => {
  const task = await stage().play([act, act], { budget: { maxUsd: null, maxIterations: 1 } });
  const [approval] = await task.pending();
  await task.answer(approval, { outcome: 'rejected' });
  expect(await task.outcome()).toMatchObject({
    status: 'stopped',
    iterations: 1,
    reason: expect.stringContaining('the budget is used up'),
  });
  expect(task.stages.inputs('plan')).toHaveLength(1);
  expect(task.stages.calls.at(-1)).toBe('releaseSandboxes');
});

test.concurrent('a model call that might cost more than is left asks first; what each call cost is added up', async () => {
  const task = await stage().play([{ ...act, costUsd: 0.6 }, { ...act, estimatedUsd: 0.5 }, {}], {
    budget: { maxUsd: 1, maxIterations: 9 },
  });
  const [approval] = await task.pending();
  const { details } = await stage().client.card(task.taskId, approval);
  expect(details).toEqual(['the next model call may cost 0.5000 USD, 0.6000 of 1 USD is spent']);
  await task.answer(approval, {});
  const { usage } = await task.outcome();
  expect(usage).toMatchObject({ modelCalls: 3, inputTokens: 3000, cachedTokens: 2400 });
  expect(usage.costUsd).toBeCloseTo(0.62);
});

test.concurrent('two questions of one kind in one iteration need two answers', async () => {
  const task = await stage().play([{ ...act, costUsd: 0.6 }, { estimatedUsd: 0.9 }], {
    budget: { maxUsd: 1, maxIterations: 1 },
  });
  const [first] = await task.pending();
  expect((await stage().client.card(task.taskId, first)).details).toEqual(['1 iterations are used up']);
  // Grants 2 USD in all, of which the next call may take 2.5.
  task.stages.fail('plan', unauthorized);
  await task.answer(first, {});
  const fault = await task.stateWhen(({ pending }) => pending[0]?.subject === 'fault');
  task.stages.fail('plan', unauthorized);
  if (fault.pending[0]) await task.answer(fault.pending[0], {});
  const again = await task.stateWhen(({ pending }) => pending[0]?.approvalId === 'i2.fault-plan-2');
  expect(task.stages.inputs('plan')).toHaveLength(3);
  if (again.pending[0]) await task.answer(again.pending[0], {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  const [, second] = await task.records();
  expect(second?.approvals.map((approval) => approval.approvalId)).toEqual([
    ...['i2.budget-1', 'i2.fault-plan-1', 'i2.fault-plan-2'],
  ]);
});

test.concurrent('an answer about iterations does not count for a later question about money', async () => {
  const task = await stage().play([{ ...act, costUsd: 0.6 }, { estimatedUsd: 1.9 }], {
    budget: { maxUsd: 1, maxIterations: 1 },
  });
  const [first] = await task.pending();
  await task.answer(first, {});
  const { pending } = await task.stateWhen((state) => state.pending[0]?.approvalId === 'i2.budget-2');
  expect(pending).toHaveLength(1);
  if (pending[0]) await task.answer(pending[0], {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
});

test.concurrent('a fault that waiting does not cure is put to a person at once, and granting tries again', async () => {
  const task = await stage().play([act, {}]);
  task.stages.fail('plan', unauthorized);
  const [approval] = await task.pending();
  expect(approval).toMatchObject({ approvalId: 'i1.fault-plan-1', subject: 'fault' });
  expect((await stage().client.card(task.taskId, approval)).details).toEqual([
    'model.unauthorized: the key was refused',
  ]);
  expect(task.stages.inputs('plan')).toHaveLength(1);
  await task.answer(approval, {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
});

test.concurrent.each<Stage>(['execute', 'evaluate', 'verifyDelivery', 'deliver'])(
  'a fault in %s that a person gives up on stops the task with its code',
  async (name) => {
    const task = await stage().play([act, {}]);
    task.stages.fail(name, new LonghaulError('repository.push_refused', 'no'));
    const [approval] = await task.pending();
    await task.answer(approval, { outcome: 'rejected' });
    expect(await task.outcome()).toMatchObject({ status: 'stopped', reason: 'repository.push_refused: no' });
    expect(task.stages.calls.at(-1)).toBe('releaseSandboxes');
  },
);

test.concurrent('a fault that passes is waited out by the server for as long as the other side asks', async () => {
  const task = await stage().play([{}]);
  const late = new LonghaulError('model.rate_limited', 'slow down', { retryAfterMs: 3_600_000 });
  task.stages.fail('plan', late);
  const described = async () => (await task.handle.describe()).raw.pendingActivities?.[0];

  await vi.waitFor(async () => expect((await described())?.attempt).toBe(2), 20_000);
  const pending = await described();
  const waitMs = Number(pending?.scheduledTime?.seconds) * 1000 - Date.now();
  expect(waitMs).toBeGreaterThan(3_500_000);
  expect(pending?.lastFailure?.applicationFailureInfo?.type).toBe('model.rate_limited');
  expect(await task.state()).toMatchObject({ pending: [], status: 'running' });
  await stage().client.cancel(task.taskId, 'ann');
  expect(await task.outcome()).toMatchObject({ status: 'cancelled' });
});

test.concurrent('a fault that passes asks nobody', async () => {
  const task = await stage().play([act, {}]);
  const later = new LonghaulError('model.unavailable', 'down', { retryAfterMs: 200 });
  task.stages.fail('plan', later, later);
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect(task.stages.inputs('plan')).toHaveLength(4);
  expect((await task.records())[0]?.approvals).toEqual([]);
});

test.concurrent.each<Stage>(['fetchRepository', 'perceive'])(
  'a fault in %s ends the task as failed with its code',
  async (name) => {
    const task = await stage().play([]);
    task.stages.fail(name, new LonghaulError('repository.no_commits', 'it has no commits'));
    expect(await task.outcome()).toMatchObject({
      status: 'failed',
      iterations: 0,
      reason: 'repository.no_commits: it has no commits',
    });
    expect(task.stages.calls.at(-1)).toBe('releaseSandboxes');
  },
);

test.concurrent('a task that is stuck asks, and a person who says go on is read by the model', async () => {
  const task = await stage().play([
    { ...act, evaluation: { next: 'ask', reason: 'no progress for 9 iterations' } },
    {},
  ]);
  const [approval] = await task.pending();
  await task.answer(approval, { reason: 'look at the fixtures' });
  await task.outcome();
  expect(task.stages.inputs('plan')[1]?.notices).toEqual(['ann says: go on. look at the fixtures']);
});

const policyText = Buffer.from('version: 1\nname: mine\nextends: sandboxed\n');

/** A task that cannot say what its policy allows, nor ask a person, and waits for the file to be mended. */
async function withDamagedPolicy(
  maxIterations: number,
): Promise<{ task: PlayedTask; mend(): Promise<Digest> }> {
  // A policy of its own for each: they are stored by what they say.
  const text = Buffer.concat([policyText, Buffer.from(`# ${maxIterations}\n`)]);
  const digest = await stage().store.put(text);
  const policy = { name: 'mine', digest };
  const task = await stage().play([act, {}], { policy, budget: { maxUsd: null, maxIterations } });
  const hold = task.stages.hold('plan');
  await hold.reached;
  stage().store.damage(digest);
  hold.release();
  const waits = async () => {
    const { events } = await task.handle.fetchHistory();
    return events?.some((event) => event.timerStartedEventAttributes) || undefined;
  };
  await until(waits, 'a pause before it is asked again');
  return { task, mend: () => stage().store.put(text) };
}

test.concurrent('a policy that is damaged lets nothing run, not even a question; mended, a person is asked and the task goes on', async () => {
  const { task, mend } = await withDamagedPolicy(11);
  expect(await task.state()).toMatchObject({ status: 'running', pending: [] });
  expect(task.stages.calls).not.toContain('execute');
  await mend();
  const [approval] = await task.pending();
  expect(approval).toMatchObject({ subject: 'fault', approvalId: 'i1.fault-authorize-1' });
  await task.answer(approval, {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect(task.stages.inputs('plan')).toHaveLength(2);
});

test.concurrent('a person can end a task that cannot even ask, at once', async () => {
  const { task } = await withDamagedPolicy(12);
  await stage().client.cancel(task.taskId, 'ann', { mode: 'soft' });
  expect(await task.outcome()).toMatchObject({ status: 'cancelled' });
  const { events } = await task.handle.fetchHistory();
  expect(events?.filter((event) => event.timerFiredEventAttributes)).toEqual([]);
  expect(task.stages.calls).not.toContain('execute');
});

test.concurrent('an outcome stands also where the sandboxes cannot be released', async () => {
  const task = await stage().play([{}]);
  task.stages.fail('releaseSandboxes', new LonghaulError('sandbox.unavailable', 'bwrap is gone'));
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
});
