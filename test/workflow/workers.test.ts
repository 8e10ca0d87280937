import { afterAll, beforeAll, expect, test } from 'vitest';
import { messageName } from '../../contracts/words/messages.ts';
import { shell } from '../helpers/fake-facts.ts';
import { answerTo, createStage } from '../helpers/task-play.ts';
import { connectClient, startTestWorker } from '../helpers/temporal.ts';

const act = { actions: [shell('ls')] };
const install = { actions: [shell('npm install left-pad')] };

let connected: Awaited<ReturnType<typeof connectClient>> | undefined;
beforeAll(async () => {
  connected = await connectClient();
});
afterAll(() => connected?.close());

let queues = 0;
function ownStage() {
  if (!connected) throw new Error('no connection');
  return createStage(connected.client, `workers-${process.pid}-${++queues}`);
}

test('a task whose worker went away during a stage goes on with another from its history', async () => {
  const stage = ownStage();
  const first = await startTestWorker({ ...stage.workerOptions, shutdownGraceTime: '100ms' });
  const task = await stage.play([act, act, {}]);
  const hold = task.stages.hold('execute');
  await hold.reached;
  await first.stop();
  const second = await startTestWorker(stage.workerOptions);
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 3 });
  expect(task.stages.inputs('execute').map((input) => input.iteration)).toEqual([1, 1, 2]);
  expect(task.stages.inputs('plan')).toHaveLength(3);
  await second.stop();
});

test('a question outlives the worker that asked it, and is answered through another', async () => {
  const stage = ownStage();
  const first = await startTestWorker(stage.workerOptions);
  const task = await stage.play([install, {}]);
  const [approval] = await task.pending();
  await first.stop();
  const { approvalId, digest } = approval;
  // Sent while nobody is there to take it.
  await task.handle.signal(messageName.decision, { approvalId, digest, outcome: 'granted' });
  const second = await startTestWorker(stage.workerOptions);
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect((await task.records())[0]?.approvals).toMatchObject([{ approvalId, digest, outcome: 'granted' }]);
  await second.stop();
});

test('of two people who answer at once one counts, and the other is told', async () => {
  const stage = ownStage();
  const first = await startTestWorker(stage.workerOptions);
  const task = await stage.play([install, {}]);
  const [approval] = await task.pending();
  await first.stop();
  const answers = ['ann', 'bob'].map((name) =>
    stage.client.decide(task.taskId, answerTo(approval, { by: { name, proof: 'os_user' } })),
  );
  const settled = Promise.allSettled(answers);
  const second = await startTestWorker(stage.workerOptions);
  const [refused] = (await settled).flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  expect(refused).toMatchObject({
    code: 'approval.decided',
    message: expect.stringMatching(
      /^i1\.a0 was granted by (ann|bob) \(os_user\) at 2\d{3}-.*: the first answer counts/,
    ),
  });
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect((await task.records())[0]?.approvals).toHaveLength(1);
  await second.stop();
});

test('a worker that keeps nothing in memory, so that each step replays from the beginning, comes to the same end', async () => {
  const stage = ownStage();
  const worker = await startTestWorker({ ...stage.workerOptions, maxCachedWorkflows: 0 });
  const task = await stage.play([act, install, act, {}], { approvalTimeoutMs: 1500 });
  const hold = task.stages.hold('plan');
  await hold.reached;
  await stage.client.steer(task.taskId, 'keep the API', 'ann');
  await stage.client.pause(task.taskId, 'ann');
  hold.release();
  await task.stateWhen((state) => state.status === 'paused');
  await stage.client.rollback(task.taskId, 0, 'ann');
  await stage.client.resume(task.taskId, 'ann');
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 4 });
  expect((await task.records())[1]).toMatchObject({
    approvals: [{ outcome: 'expired' }],
    steers: [{ text: 'keep the API' }],
  });
  await worker.stop();
});

test('a task without a worker answers no question about its state, and says what to do', async () => {
  const stage = ownStage();
  const task = await stage.play([]);
  await expect(task.state()).rejects.toMatchObject({
    code: 'worker.missing',
    message: expect.stringContaining('longhaul up'),
  });
  await task.handle.terminate('the test is over');
  // Another worker would not help: one of a version that is gone has none.
  await expect(task.state()).rejects.toMatchObject({
    code: 'task.ended',
    message: expect.stringMatching(/has ended.*cancelled/),
  });
  expect((await task.events()).at(-1)).toMatchObject({ type: 'task.finished', status: 'cancelled' });
});
