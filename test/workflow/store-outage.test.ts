import { Context } from '@temporalio/activity';
import type { WorkerOptions } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { LocalActivities } from '../../contracts/activities.ts';
import { LonghaulError } from '../../contracts/error.ts';
import { shell } from '../helpers/fake-facts.ts';
import { createStage, type PlayedTask, type Stageful } from '../helpers/task-play.ts';
import { connectClient, startTestWorker, type TestWorker } from '../helpers/temporal.ts';

// How often something was tried while the store is away, for the tasks for which it is.
const tries = new Map<string, number>();
let tasks = 0;
const plot = [{ actions: [shell('ls')] }, {}];

let stage: Stageful;
let worker: TestWorker;
let close: () => Promise<void>;

beforeAll(async () => {
  const connected = await connectClient();
  close = connected.close;
  stage = createStage(connected.client, `outage-${process.pid}`);
  worker = await startTestWorker({ ...stage.workerOptions, activities: awayForSome(stage.workerOptions) });
});
afterAll(async () => {
  await worker.stop();
  await close();
});

function awayForSome({ activities }: Pick<WorkerOptions, 'activities'>): object {
  const { record, loadEdited } = activities as LocalActivities;
  const orNot =
    <I, O>(stage: (input: I) => Promise<O>) =>
    async (input: I): Promise<O> => {
      const taskId = Context.current().info.workflowExecution?.workflowId ?? '';
      const tried = tries.get(taskId);
      if (tried === undefined) return stage(input);
      tries.set(taskId, tried + 1);
      throw new LonghaulError('artifact.store_unavailable', 'the store is away');
    };
  return { ...activities, record: orNot(record), loadEdited: orNot(loadEdited) };
}

async function playWithoutStore(): Promise<PlayedTask> {
  tasks += 1;
  const taskId = `outage-${process.pid}-${tasks}` as PlayedTask['taskId'];
  tries.set(taskId, 0);
  return stage.play(plot, { taskId });
}

const triedOften = (task: PlayedTask, times: number) =>
  vi.waitFor(() => expect(tries.get(task.taskId)).toBeGreaterThanOrEqual(times), {
    timeout: 20_000,
    interval: 50,
  });

test.concurrent('a store that is away holds no workflow task: what waits for it is a durable timer', async () => {
  const task = await playWithoutStore();
  // The fourth try comes 4 s after the third.
  await triedOften(task, 3);
  const { raw } = await vi.waitFor(
    async () => {
      const described = await task.handle.describe();
      expect(described.raw.pendingWorkflowTask ?? null).toBeNull();
      return described;
    },
    { timeout: 3_000, interval: 100 },
  );
  expect(raw.pendingActivities ?? []).toEqual([]);
  expect(tries.get(task.taskId)).toBe(3);
  tries.delete(task.taskId);
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
});

test.concurrent('a task that is cancelled at once ends within seconds also while the store is away', async () => {
  const task = await playWithoutStore();
  await triedOften(task, 1);
  await stage.client.cancel(task.taskId, 'ann');
  expect(await task.outcome()).toMatchObject({ status: 'cancelled' });
});

test.concurrent('an edit that cannot be read while the store is away is not lost: it runs once the store is back', async () => {
  const task = await stage.play([{ actions: [shell('npm install left-pad')] }, {}]);
  const [approval] = await task.pending();
  const editedDigest = await stage.client.putAction(shell('npm install left-pad@1.3.0'));
  tries.set(task.taskId, 0);
  await task.answer(approval, { outcome: 'edited', editedDigest });
  await triedOften(task, 4);
  tries.delete(task.taskId);
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect(task.stages.inputs('execute')[0]?.actions).toMatchObject([{ digest: editedDigest }]);
});
