import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { LonghaulError } from '../../contracts/error.ts';
import type { WaitingNote } from '../../contracts/task-state.ts';
import { memoKey, messageName } from '../../contracts/words/messages.ts';
import { shell } from '../helpers/fake-facts.ts';
import { interventionsOf } from '../helpers/phases.ts';
import { answerTo, createStage, type PlayedTask, type Stageful } from '../helpers/task-play.ts';
import { connectClient, startTestWorker } from '../helpers/temporal.ts';
import { runsOf } from './history.ts';

const act = { actions: [shell('ls')] };
const install = { actions: [shell('npm install left-pad')] };
const ann = { name: 'ann', proof: 'os_user' } as const;
const dayMs = 86_400_000;

let connected: Awaited<ReturnType<typeof connectClient>> | undefined;
beforeAll(async () => {
  connected = await connectClient();
});
afterAll(() => connected?.close());

let queues = 0;
function ownStage(): Stageful {
  if (!connected) throw new Error('no connection');
  return createStage(connected.client, `people-${process.pid}-${++queues}`);
}

/** A task whose model is being asked, and whose worker is gone. */
async function withoutWorker(stage: Stageful): Promise<PlayedTask> {
  const worker = await startTestWorker({ ...stage.workerOptions, shutdownGraceTime: '100ms' });
  const task = await stage.play([act, act, {}]);
  const hold = task.stages.hold('execute');
  await hold.reached;
  await worker.stop();
  return task;
}

test.concurrent('what people say while no worker runs counts once one does, in the order in which it was said', async () => {
  const stage = ownStage();
  const task = await withoutWorker(stage);
  const { client } = stage;
  await client.steer(task.taskId, 'keep the API', 'ann');
  await client.pause(task.taskId, 'ann');
  const change = client.change(task.taskId, {
    budget: { maxIterations: 33 },
    model: 'gpt-other',
    constraints: null,
    by: ann,
  });
  const worker = await startTestWorker(stage.workerOptions);
  expect(await change).toMatchObject({ budget: { maxIterations: 33 }, model: 'gpt-other' });
  await task.stateWhen((state) => state.status === 'paused');
  await client.resume(task.taskId, 'bob');
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 3 });
  expect((await interventionsOf(task)).map(({ kind }) => kind)).toEqual([
    ...['steer', 'pause', 'change', 'resume'],
  ]);
  expect(task.stages.inputs('plan')[1]).toMatchObject({ model: 'gpt-other', steers: [{ by: 'ann' }] });
  await worker.stop();
});

test.concurrent.each(['soft', 'now'] as const)(
  'a cancel (%s) that is sent while no worker runs ends the task once one does',
  async (mode) => {
    const stage = ownStage();
    const task = await withoutWorker(stage);
    await stage.client.cancel(task.taskId, 'ann', { mode });
    const worker = await startTestWorker(stage.workerOptions);
    expect(await task.outcome()).toMatchObject({ status: 'cancelled' });
    expect(await interventionsOf(task)).toMatchObject([{ kind: 'cancel', about: mode }]);
    await worker.stop();
  },
);

test.concurrent('a burst of 200 messages around new runs loses none of them and stays far inside the limits of history', async () => {
  const stage = ownStage();
  const worker = await startTestWorker(stage.workerOptions);
  const task = await stage.play((iteration) => (iteration > 30 ? {} : act));
  const hold = task.stages.hold('evaluate');
  await hold.reached;
  const texts = Array.from({ length: 180 }, (_, index) => `steer ${index + 1}`);
  const say = async (names: readonly string[]) => {
    for (const text of names) await task.handle.signal(messageName.steer, { text, by: 'ann' });
  };
  await say(texts.slice(0, 120));
  for (let n = 0; n < 10; n++) {
    await stage.client.pause(task.taskId, 'ann');
    await stage.client.resume(task.taskId, 'ann');
  }
  hold.release();
  await say(texts.slice(120));
  await task.outcome();
  const read = task.stages.inputs('plan').flatMap(({ steers }) => steers.map(({ text }) => text));
  expect(read).toEqual(texts);
  const kept = await interventionsOf(task);
  expect(kept).toHaveLength(200);
  expect(kept.flatMap(({ kind, about }) => (kind === 'steer' ? [about] : []))).toEqual(texts);
  const runs = await runsOf(stage.temporal, task.taskId);
  expect(runs.length).toBeGreaterThan(1);
  for (const run of runs) expect(run.length).toBeLessThan(1500);
  for (const input of task.stages.inputs('plan'))
    expect(Buffer.byteLength(JSON.stringify(input))).toBeLessThan(64 * 1024);
  await worker.stop();
});

test.concurrent('a soft cancel or a rollback that comes when a new run begins is followed by that run', async () => {
  const stage = ownStage();
  const worker = await startTestWorker(stage.workerOptions);
  const task = await stage.play((iteration) => (iteration > 30 ? {} : act));
  // At about its twentieth iteration the task goes on as a new run; one of these hits it.
  const holds = Array.from({ length: 24 }, () => task.stages.hold('evaluate'));
  for (const [index, hold] of holds.entries()) {
    await hold.reached;
    if (index > 0) await stage.client.rollback(task.taskId, index, 'ann');
    hold.release();
  }
  await vi.waitFor(() => expect(task.stages.inputs('rollBack')).toHaveLength(23), 30_000);
  await stage.client.cancel(task.taskId, 'ann', { mode: 'soft' });
  await task.outcome();
  const back = task.stages.inputs('rollBack').map(({ toIteration }) => toIteration);
  expect(back).toEqual(Array.from({ length: 23 }, (_, index) => index + 1));
  expect((await runsOf(stage.temporal, task.taskId)).length).toBeGreaterThan(1);
  await worker.stop();
});

const timersOf = async (task: PlayedTask) => {
  const { events } = await task.handle.fetchHistory();
  return (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) =>
    timer ? [Number(timer.startToFireTimeout?.seconds) * 1000] : [],
  );
};

test.concurrent('a question of 90 days is noted for lists, told outside, and reminded of an hour after it was asked', async () => {
  const stage = ownStage();
  const worker = await startTestWorker(stage.workerOptions);
  const task = await stage.play([install, {}], { approvalTimeoutMs: 90 * dayMs });
  task.stages.deafen(new LonghaulError('notify.failed', 'the receiver is away'));
  const [approval] = await task.pending();
  expect(approval.expiresAtMs - approval.openedAtMs).toBe(90 * dayMs);
  const { memo } = await task.handle.describe();
  expect(memo?.[memoKey.waiting] as WaitingNote).toMatchObject({
    approvalId: 'i1.a0',
    title: 'npm install left-pad',
    expiresAtMs: approval.expiresAtMs,
    costUsd: 0.01,
    more: 0,
  });
  const longest = async () => Math.max(...(await timersOf(task)));
  // After the receiver was tried, what is left of an hour.
  await vi.waitFor(async () => expect(await longest()).toBeGreaterThan(3_500_000), 40_000);
  expect(await longest()).toBeLessThanOrEqual(3_600_000);
  await vi.waitFor(() => expect(task.stages.told.length).toBeGreaterThan(1), 40_000);
  await task.answer(approval, {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  const told = task.stages.told.map(({ id, type }) => [id.replace(`${task.taskId}:`, ''), type]);
  expect(told).toEqual([
    ['i1.a0:opened', 'approval.opened'],
    ['i1.a0:opened', 'approval.opened'],
    ['ended', 'task.ended'],
  ]);
  expect(JSON.stringify(task.stages.told)).not.toContain('left-pad');
  expect((await task.handle.describe()).memo?.[memoKey.waiting] ?? null).toBeNull();
  await worker.stop();
});

test.concurrent('a receiver that is dead stops neither an answer nor the end', async () => {
  const stage = ownStage();
  const worker = await startTestWorker(stage.workerOptions);
  const task = await stage.play([install, {}]);
  task.stages.deafen(...Array.from({ length: 9 }, () => new LonghaulError('notify.failed', 'dead')));
  const [approval] = await task.pending();
  await task.answer(approval, {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  await worker.stop();
});

test.concurrent('a question expires while no worker runs, and the next one finds it refused by silence', async () => {
  const stage = ownStage();
  const first = await startTestWorker(stage.workerOptions);
  const task = await stage.play([install, {}], { approvalTimeoutMs: 4000 });
  const [approval] = await task.pending();
  await first.stop();
  const fired = async () =>
    (await task.handle.fetchHistory()).events?.some((event) => event.timerFiredEventAttributes) || false;
  await vi.waitFor(async () => expect(await fired()).toBe(true), 30_000);
  const second = await startTestWorker(stage.workerOptions);
  await task.outcome();
  expect((await task.records())[0]?.approvals).toMatchObject([
    { outcome: 'expired', by: { proof: 'timer' } },
  ]);
  await expect(stage.client.decide(task.taskId, answerTo(approval))).rejects.toMatchObject({
    code: 'task.ended',
  });
  await second.stop();
});
