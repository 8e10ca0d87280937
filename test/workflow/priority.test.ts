import type { Priority } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TaskId } from '../../contracts/ids.ts';
import { fakeSpec } from '../helpers/fake-facts.ts';
import { createStage, type Stageful } from '../helpers/task-play.ts';
import { connectClient, startTestWorker, type TestWorker } from '../helpers/temporal.ts';

let stage: Stageful;
let worker: TestWorker;
let close: () => Promise<void>;
/** What each activity was told of whose turn it is, by its task. */
const told = new Map<string, (Priority | undefined)[]>();

beforeAll(async () => {
  const connected = await connectClient();
  close = connected.close;
  stage = createStage(connected.client, `priority-${process.pid}`);
  worker = await startTestWorker({
    ...stage.workerOptions,
    interceptors: {
      activity: [
        ({ info: { workflowExecution, priority, isLocal } }) => {
          if (isLocal) return {};
          const taskId = workflowExecution?.workflowId ?? '';
          told.set(taskId, [...(told.get(taskId) ?? []), priority]);
          return {};
        },
      ],
    },
  });
});
afterAll(async () => {
  await worker.stop();
  await close();
});

test('every activity is told the person and the priority that its task was started with', async () => {
  const taskId = `urgent-${process.pid}` as TaskId;
  // The stage plays only what it started: this one fails at its first stage, which is enough to hear what it was told.
  await stage.client.start(fakeSpec(taskId, { requestedBy: 'ann' }), { priority: 1 });
  const task = await stage.play([{}], { requestedBy: 'bob' });
  await task.outcome();
  await stage.temporal.workflow.getHandle(taskId).terminate();
  expect(told.get(taskId)?.[0]).toMatchObject({ priorityKey: 1, fairnessKey: 'ann' });
  const bobs = told.get(task.taskId) ?? [];
  expect(bobs.length).toBeGreaterThan(3);
  for (const priority of bobs) expect(priority).toMatchObject({ priorityKey: 3, fairnessKey: 'bob' });
});

test('a name that is too long for the server stands for itself by its digest', async () => {
  const requestedBy = 'x'.repeat(199);
  const task = await stage.play([{}], { requestedBy: `${requestedBy}1` });
  const other = await stage.play([{}], { requestedBy: `${requestedBy}2` });
  await Promise.all([task.outcome(), other.outcome()]);
  const keys = [task, other].map(({ taskId }) => told.get(taskId)?.[0]?.fairnessKey);
  expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(keys[1]).not.toBe(keys[0]);
});
