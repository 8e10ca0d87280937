import { expect, test } from 'vitest';
import { messageName, searchAttribute } from '../../contracts/words/messages.ts';
import type { Stage } from '../helpers/fake-activities.ts';
import { shell } from '../helpers/fake-facts.ts';
import { until } from '../helpers/task-play.ts';
import { useStage } from './stage.ts';

const stage = useStage();
const act = { actions: [shell('ls')] };
const install = { actions: [shell('npm install left-pad')] };

test.concurrent('a steer that arrives while the model answers is read by the next plan, and by that one only', async () => {
  const task = await stage().play([act, act, {}]);
  const hold = task.stages.hold('plan');
  await hold.reached;
  await stage().client.steer(task.taskId, 'keep the API', 'ann');
  await task.stateWhen((state) => state.steers.length === 1);
  hold.release();
  await task.outcome();
  expect(task.stages.inputs('plan').map((input) => input.steers)).toEqual([
    [],
    [{ text: 'keep the API', by: 'ann' }],
    [],
  ]);
  expect((await task.records()).map((record) => record.steers.length)).toEqual([0, 1, 0]);
});

test.concurrent('more steers than one input holds are read by the plans that follow, none twice', async () => {
  const task = await stage().play([act, act, act, {}]);
  const hold = task.stages.hold('plan');
  await hold.reached;
  const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(5000));
  for (const text of texts) await stage().client.steer(task.taskId, text, 'ann');
  await task.stateWhen((state) => state.steers.length === 3);
  hold.release();
  await task.outcome();
  const read = task.stages.inputs('plan').map((input) => input.steers.map((steer) => steer.text[0]));
  expect(read).toEqual([[], ['a'], ['b'], ['c']]);
});

test.concurrent('a flood of steers is refused where everybody can see it, before it could kill the task', async () => {
  const task = await stage().play([act, ...Array.from({ length: 25 }, () => act), {}]);
  const hold = task.stages.hold('plan');
  await hold.reached;
  const text = 'x'.repeat(8000);
  for (let n = 1; n <= 27; n++) await task.handle.signal(messageName.steer, { text, by: 'ann' });
  const { steers, refusals } = await task.stateWhen((state) => state.refusals.length === 2);
  expect(steers).toHaveLength(25);
  expect(refusals).toMatchObject([{ approvalId: 'steer', reason: expect.stringContaining('not taken') }, {}]);
  await stage().client.cancel(task.taskId, 'ann');
  await task.outcome();
});

test.concurrent('a signal of any shape is survived', async () => {
  const task = await stage().play([act, {}]);
  const hold = task.stages.hold('plan');
  await hold.reached;
  const payloads = [
    null,
    7,
    'text',
    [],
    { text: 5 },
    { text: { toString: null } },
    { text: 'ok', by: { a: 1 } },
  ];
  for (const name of [messageName.steer, messageName.pause, messageName.resume, 'unheard-of'])
    for (const payload of payloads) await task.handle.signal(name, payload);
  expect((await task.stateWhen((state) => state.steers.length > 0)).steers).toEqual([
    { text: 'ok', by: 'unknown' },
  ]);
  hold.release();
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect((await task.events()).filter((event) => event.type === 'task.steered')).toHaveLength(1);
});

test.concurrent.each(['decision', 'steer', 'pause', 'resume'])(
  'a message "%s" whose bytes cannot be read does not stall the task',
  async (signalName) => {
    const task = await stage().play([act, {}]);
    const hold = task.stages.hold('plan');
    await hold.reached;
    const encoding = Buffer.from('json/plain');
    await stage().temporal.workflowService.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: task.taskId },
      signalName,
      input: { payloads: [{ metadata: { encoding }, data: Buffer.from('{"text": no JSON') }] },
    });
    await stage().client.resume(task.taskId, 'ann');
    hold.release();
    expect(await task.outcome()).toMatchObject({ status: 'delivered' });
    expect((await task.events()).at(-1)).toMatchObject({ type: 'task.finished', status: 'delivered' });
  },
);

test.concurrent('a paused task finishes its iteration, begins no other, and goes on when it is resumed', async () => {
  const task = await stage().play([act, act, {}]);
  const hold = task.stages.hold('execute');
  await hold.reached;
  await stage().client.pause(task.taskId, 'ann');
  hold.release();
  const paused = await task.stateWhen((state) => state.status === 'paused');
  expect(paused).toMatchObject({ iteration: 1, usage: { iterations: 1 } });
  const { searchAttributes } = await task.handle.describe();
  expect(searchAttributes[searchAttribute.status]).toEqual(['paused']);
  expect(task.stages.inputs('plan')).toHaveLength(1);
  await stage().client.resume(task.taskId, 'ann');
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 3 });
});

test.concurrent.each<Stage>(['fetchRepository', 'perceive', 'plan', 'execute', 'evaluate', 'verifyDelivery'])(
  'a cancel during %s ends the task as cancelled and releases its sandboxes',
  async (name) => {
    const task = await stage().play([act, {}]);
    const hold = task.stages.hold(name);
    await hold.reached;
    await stage().client.cancel(task.taskId, 'ann');
    expect(await task.outcome()).toMatchObject({ status: 'cancelled', branch: null });
    expect(task.stages.calls.at(-1)).toBe('releaseSandboxes');
    expect(task.stages.calls.at(-2)).toBe(name);
    expect(await task.state()).toMatchObject({ status: 'cancelled' });
  },
);

test.concurrent('a cancel while a person is waited for ends the task, and nothing waits any more', async () => {
  const task = await stage().play([install, {}]);
  await task.pending();
  await stage().client.cancel(task.taskId, 'ann');
  expect(await task.outcome()).toMatchObject({ status: 'cancelled' });
  expect(await task.state()).toMatchObject({ pending: [], status: 'cancelled' });
  expect(task.stages.calls.at(-1)).toBe('releaseSandboxes');
});

test.concurrent('a cancel that comes when the branch is being published does not hide the branch', async () => {
  const task = await stage().play([act, {}]);
  const hold = task.stages.hold('deliver', true);
  await hold.reached;
  await stage().client.cancel(task.taskId, 'ann');
  await until(async () => {
    const { raw } = await task.handle.describe();
    return raw.pendingActivities?.[0]?.state === 3 || undefined;
  }, 'the cancellation to reach the activity');
  hold.release();
  expect(await task.outcome()).toMatchObject({ status: 'delivered', branch: `longhaul/${task.taskId}` });
  expect((await task.records())[1]?.actions).toMatchObject([
    { kind: 'deliver', observation: { status: 'ok' } },
  ]);
});

test.concurrent('a cancel ends a paused task', async () => {
  const task = await stage().play([act, {}]);
  const hold = task.stages.hold('plan');
  await hold.reached;
  await stage().client.pause(task.taskId, 'ann');
  hold.release();
  await task.stateWhen((state) => state.status === 'paused');
  await stage().client.cancel(task.taskId, 'ann');
  expect(await task.outcome()).toMatchObject({ status: 'cancelled' });
});

test.concurrent("Temporal's own cancel ends the task like a cancel of ours, with an outcome", async () => {
  const task = await stage().play([act, {}]);
  const hold = task.stages.hold('plan');
  await hold.reached;
  await task.handle.cancel();
  expect(await task.outcome()).toMatchObject({ status: 'cancelled' });
  expect(task.stages.calls.at(-1)).toBe('releaseSandboxes');
});

test.concurrent('what is said to a task that has ended is an error that says so', async () => {
  const task = await stage().play([{}]);
  await task.outcome();
  const { client } = stage();
  await expect(client.steer(task.taskId, 'more', 'ann')).rejects.toMatchObject({ code: 'task.ended' });
  await expect(client.rollback(task.taskId, 0, 'ann')).rejects.toMatchObject({ code: 'task.ended' });
});

test.concurrent('a rollback is carried out between iterations, and the next plan is told', async () => {
  const task = await stage().play([act, { actions: [shell('touch wrong')] }, act, {}]);
  const hold = task.stages.hold('plan');
  await hold.reached;
  const { client } = stage();
  for (const target of [1, -1, 0.5])
    await expect(client.rollback(task.taskId, target, 'ann')).rejects.toMatchObject({
      code: 'usage.invalid',
    });
  const later = task.stages.hold('evaluate');
  const last = task.stages.hold('evaluate');
  hold.release();
  await later.reached;
  later.release();
  await last.reached;
  await client.rollback(task.taskId, 1, 'ann');
  expect(task.stages.calls).not.toContain('rollBack');
  last.release();
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 4 });
  const [first, , third] = await task.records();
  expect(third?.checkpoint.before).toBe(first?.checkpoint.after);
  const told = task.stages.inputs('plan')[2];
  expect(told).toMatchObject({ iteration: 3, notices: [expect.stringContaining('end of iteration 1')] });
  // The evaluation of a tree that is gone is nothing to compare with.
  expect(task.stages.inputs('evaluate')[2]?.last).toBeNull();
});

test.concurrent('the platform goes back to the best iteration where evaluation asks for it', async () => {
  const task = await stage().play([
    { ...act, evaluation: { progress: 0.5 } },
    { ...act, evaluation: { progress: 0.1, next: 'rollback', reason: 'no progress' } },
    {},
  ]);
  await task.outcome();
  expect(task.stages.inputs('rollBack')).toMatchObject([{ toIteration: 1 }]);
  expect((await task.events()).find((event) => event.type === 'task.rolled_back')).toMatchObject({
    toIteration: 1,
  });
});

test.concurrent('a rollback that a person asks for while the platform goes back by itself is carried out too', async () => {
  const task = await stage().play([act, { ...act, evaluation: { next: 'rollback' } }, {}]);
  const hold = task.stages.hold('rollBack');
  await hold.reached;
  await stage().client.rollback(task.taskId, 1, 'ann');
  hold.release();
  await task.outcome();
  expect(task.stages.inputs('rollBack')).toMatchObject([{ toIteration: 1 }, { toIteration: 1 }]);
  expect(task.stages.inputs('plan')[2]?.notices).toEqual([
    expect.stringContaining('The platform'),
    expect.stringContaining('A person'),
  ]);
});

test.concurrent('a soft cancel of a paused task that comes while its workspace is set back ends it', async () => {
  const task = await stage().play([{ ...act, evaluation: { next: 'rollback' } }, {}]);
  const hold = task.stages.hold('rollBack');
  await hold.reached;
  await stage().client.pause(task.taskId, 'ann');
  await stage().client.cancel(task.taskId, 'ann', { mode: 'soft' });
  hold.release();
  expect(await task.outcome()).toMatchObject({ status: 'cancelled', iterations: 1 });
});
