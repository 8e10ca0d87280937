import { expect, test } from 'vitest';
import type { Evaluation } from '../../contracts/evaluation.ts';
import { shell } from '../helpers/fake-facts.ts';
import { useStage } from './stage.ts';

const stage = useStage();

test.concurrent('a task goes from its instruction to a delivered branch, and its ledger is a chain', async () => {
  const task = await stage().play([{ actions: [shell('touch a')] }, {}]);
  const outcome = await task.outcome();
  expect(outcome).toMatchObject({ status: 'delivered', branch: `longhaul/${task.taskId}`, iterations: 2 });
  expect(task.stages.calls).toEqual([
    ...['fetchRepository', 'perceive', 'plan', 'execute', 'evaluate'],
    ...['plan', 'evaluate', 'verifyDelivery', 'deliver', 'releaseSandboxes'],
  ]);
  const records = await task.records();
  expect(records.map((record) => record.iteration)).toEqual([1, 2]);
  expect(records[1]?.actions).toMatchObject([{ kind: 'deliver', observation: { status: 'ok' } }]);
  expect(await task.state()).toMatchObject({ status: 'delivered', pending: [], outcome });
});

test.concurrent('a check that fails in the fresh sandbox sends the task back to the model instead of delivering', async () => {
  const task = await stage().play([{ actions: [shell('touch a')] }, { verified: false }, {}]);
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 3 });
  const [, second, third] = task.stages.inputs('plan');
  expect(second?.notices).toEqual([]);
  expect(third?.notices).toEqual([expect.stringContaining('fail in a fresh sandbox')]);
  expect(task.stages.inputs('deliver')).toHaveLength(1);
  const [, refused] = await task.records();
  expect(refused?.evaluate).toMatchObject({ next: 'continue', checks: [{ status: 'failed' }] });
});

test.concurrent('a delivery that a person rejects goes on with the reason, and is asked for again', async () => {
  const task = await stage().play([{ actions: [shell('touch a')] }, {}, {}], {
    policy: { name: 'default', digest: null },
  });
  const [first] = await task.pending();
  expect(first).toMatchObject({ subject: 'delivery', approvalId: 'i2.deliver' });
  await task.answer(first, { outcome: 'rejected', reason: 'round half up' });
  const second = await task.stateWhen(({ pending }) => pending[0]?.approvalId === 'i3.deliver');
  expect(task.stages.inputs('plan')[2]?.notices).toEqual(['ann refused the delivery: round half up']);
  const [approval] = second.pending;
  if (approval) await task.answer(approval, {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 3 });
  expect(task.stages.inputs('deliver')[0]?.approval).toMatchObject({
    outcome: 'granted',
    by: { name: 'ann', proof: 'os_user' },
  });
});

test.concurrent('a delivery that nobody answers is not made, and the record says so', async () => {
  const task = await stage().play([{ actions: [shell('touch a')] }, {}], {
    policy: { name: 'default', digest: null },
    approvalTimeoutMs: 500,
  });
  expect(await task.outcome()).toMatchObject({
    status: 'stopped',
    branch: null,
    reason: 'nobody agreed to the delivery in time',
  });
  expect(task.stages.calls).not.toContain('deliver');
  expect((await task.records())[1]).toMatchObject({
    approvals: [{ approvalId: 'i2.deliver', outcome: 'expired', by: { name: 'timer', proof: 'timer' } }],
    actions: [{ kind: 'deliver', observation: { status: 'denied' } }],
    evaluate: { next: 'stop' },
  });
});

test.concurrent('a delivery that the policy denies ends the task with a record', async () => {
  const text =
    'version: 1\nname: no-branches\nextends: default\nwithout: [delivery]\ndeny: [{kind: deliver, id: never, reason: Not here.}]\n';
  const digest = await stage().store.put(Buffer.from(text));
  const task = await stage().play([{ actions: [shell('touch a')] }, {}], {
    policy: { name: 'no-branches', digest },
  });
  const outcome = await task.outcome();
  expect(outcome).toMatchObject({ status: 'stopped', iterations: 2 });
  expect(outcome.reason).toContain('delivery denied by no-branches/never');
  expect(task.stages.calls).not.toContain('deliver');
  const [, last] = await task.records();
  expect(last?.actions).toMatchObject([{ decision: { outcome: 'deny' }, observation: { status: 'denied' } }]);
});

const concern = { kind: 'test_removed' as const, path: 'test/a.js', detail: 'removed' };

test.concurrent.each<readonly [string, Partial<Evaluation>]>([
  ['with a concern', { concerns: [concern] }],
  ['that not all checks have judged', { confidence: 0.5 }],
])('a change %s asks before delivery even where the policy allows it', async (_, evaluation) => {
  const text =
    'version: 1\nname: lax\nextends: default\nwithout: [delivery]\nallow: [{kind: deliver, id: any, reason: Fine.}]\n';
  const digest = await stage().store.put(Buffer.from(text));
  const policy = { name: 'lax', digest };
  const task = await stage().play([{ actions: [shell('ls')] }, { evaluation }], { policy });
  const [approval] = await task.pending();
  expect(approval.subject).toBe('delivery');
  const card = await stage().client.card(task.taskId, approval);
  expect(card.decision?.outcome).toBe('allow');
  const concerns = evaluation.concerns ? ['test/a.js: removed'] : [];
  expect(card.action?.body).toMatchObject({ concerns });
  await task.answer(approval, {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
});

test.concurrent('a model that is done without a change ends the task as stopped', async () => {
  const evaluation = { next: 'stop' as const, reason: 'the model ended without a change' };
  const task = await stage().play([{ evaluation }]);
  expect(await task.outcome()).toMatchObject({
    status: 'stopped',
    iterations: 1,
    reason: 'the model ended without a change',
  });
  expect(task.stages.calls).not.toContain('verifyDelivery');
  expect(await task.records()).toHaveLength(1);
});

test.concurrent('the plot, the story and the ledger tell the same', async () => {
  const task = await stage().play([{ actions: [shell('touch a'), shell('touch b')] }, {}]);
  const outcome = await task.outcome();
  const events = await task.events();
  const records = await task.records();
  const observed = events.flatMap((e) => (e.type === 'actions.observed' ? e.observations : []));
  expect(observed).toEqual(records[0]?.actions.map((action) => action.observation));
  expect(events.at(0)?.type).toBe('task.started');
  expect(events.at(-1)).toMatchObject({
    type: 'task.finished',
    status: outcome.status,
    usage: outcome.usage,
  });
});
