import { expect, test } from 'vitest';
import { LonghaulError } from '../../contracts/error.ts';
import { shell } from '../helpers/fake-facts.ts';
import { useStage } from './stage.ts';

const stage = useStage();
const act = { actions: [shell('ls')] };

test.concurrent('what a person says while the last checks run is read before anything is published', async () => {
  const task = await stage().play([act, {}, {}]);
  const hold = task.stages.hold('verifyDelivery');
  await hold.reached;
  await stage().client.steer(task.taskId, 'Name it in the README as well.', 'ann');
  await task.stateWhen((state) => state.steers.length === 1);
  hold.release();
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 3 });
  expect(task.stages.calls.filter((stageName) => stageName === 'deliver')).toHaveLength(1);
  expect(task.stages.inputs('plan')[2]?.steers).toEqual([
    { text: 'Name it in the README as well.', by: 'ann' },
  ]);
  expect((await task.records())[1]?.evaluate).toMatchObject({ next: 'continue' });
});

test.concurrent('a task does not stop over what a person has just said', async () => {
  const task = await stage().play([{ evaluation: { next: 'stop', reason: 'nothing was changed' } }, act, {}]);
  const hold = task.stages.hold('evaluate');
  await hold.reached;
  await stage().client.steer(task.taskId, 'Look at src as well.', 'ann');
  await task.stateWhen((state) => state.steers.length === 1);
  hold.release();
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 3 });
});

test.concurrent('an iteration that a cancel cuts short is in the ledger, what had no observation yet as cancelled', async () => {
  const task = await stage().play([act, {}]);
  const hold = task.stages.hold('execute');
  await hold.reached;
  await stage().client.cancel(task.taskId, 'ann');
  expect(await task.outcome()).toMatchObject({ status: 'cancelled', iterations: 1 });
  const [record, ...more] = await task.records();
  expect(more).toEqual([]);
  expect(record?.actions.map(({ observation }) => observation.status)).toEqual(['cancelled']);
  expect(record?.evaluate).toMatchObject({ next: 'stop', checks: [] });
});

test.concurrent('an iteration whose fault a person does not want to try again is in the ledger', async () => {
  const task = await stage().play([act, {}]);
  task.stages.fail('evaluate', new LonghaulError('sandbox.unavailable', 'bwrap is gone'));
  const [approval] = await task.pending();
  await task.answer(approval, { outcome: 'rejected' });
  expect(await task.outcome()).toMatchObject({ status: 'stopped', iterations: 1 });
  expect((await task.records())[0]?.actions).toMatchObject([{ observation: { status: 'ok' } }]);
});

test.concurrent('checks that fail in the fresh sandbox again and again are put to a person', async () => {
  const failing = (stuckFor: number) => ({ verified: false, stuckFor });
  const task = await stage().play([act, failing(0), failing(1), failing(2), {}]);
  const [approval] = await task.pending();
  expect(approval).toMatchObject({ subject: 'fault', title: 'The task is stuck. Go on?' });
  await task.answer(approval, { outcome: 'granted' });
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 5 });
});

test.concurrent('the sandbox that knows what has run is kept while people are asked about a fault of execute', async () => {
  const task = await stage().play([act, {}]);
  task.stages.fail('execute', new LonghaulError('checkpoint.invalid', 'the pack is broken'));
  const [approval] = await task.pending();
  // Past the grace after which a sandbox is otherwise given back.
  const graceMs = 15_000;
  await task.stateWhen(() => Date.now() > approval.openedAtMs + graceMs + 2000);
  await task.answer(approval, { outcome: 'granted' });
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect(task.stages.calls.indexOf('releaseSandboxes')).toBeGreaterThan(task.stages.calls.indexOf('deliver'));
  const [first, second] = task.stages.inputs('execute');
  expect(second?.workspace).toEqual(first?.workspace);
});

test.concurrent('an execution that was judged at once is not evaluated again, and its story is the same', async () => {
  const asked = await stage().play([act, {}]);
  const atOnce = await stage().play([{ ...act, judgedAtOnce: true }, {}]);
  expect(await asked.outcome()).toMatchObject({ status: 'delivered', iterations: 2 });
  expect(await atOnce.outcome()).toMatchObject({ status: 'delivered', iterations: 2 });
  const evaluations = (calls: readonly string[]) => calls.filter((name) => name === 'evaluate').length;
  expect([evaluations(asked.stages.calls), evaluations(atOnce.stages.calls)]).toEqual([2, 1]);
  const story = async (task: typeof asked) => (await task.events()).map(({ type }) => type);
  expect(await story(atOnce)).toEqual(await story(asked));
  const judged = async (task: typeof asked) => (await task.records()).map(({ evaluate }) => evaluate);
  expect(await judged(atOnce)).toEqual(await judged(asked));
});
