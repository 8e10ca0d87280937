import { setTimeout as delay } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import { createTaskClient } from '../../client/create-task-client.ts';
import type { TaskClient } from '../../client/task-client.ts';
import type { Answer, PendingApproval } from '../../contracts/approval.ts';
import type { Digest, TaskId } from '../../contracts/ids.ts';
import { type IterationRecord, IterationRecordSchema } from '../../contracts/record.ts';
import type { TaskSpec } from '../../contracts/task.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';
import type { TaskOutcome, TaskState } from '../../contracts/task-state.ts';
import { faultInterceptor } from '../../workers/fault-interceptor.ts';
import { createFakeActivities, type FakeIteration, type FakeTask } from './fake-activities.ts';
import { fakeSpec } from './fake-facts.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

/** A real workflow on a real server, whose stages are played. */
export interface PlayedTask {
  readonly taskId: TaskId;
  readonly stages: FakeTask;
  readonly handle: WorkflowHandle;
  state(): Promise<TaskState>;
  /** The state as soon as it is so. */
  stateWhen(holds: (state: TaskState) => boolean): Promise<TaskState>;
  /** Waits until this many approvals are waiting. */
  pending(count?: number): Promise<readonly [PendingApproval, ...PendingApproval[]]>;
  answer(approval: PendingApproval, said: Partial<Answer>): Promise<void>;
  outcome(): Promise<TaskOutcome>;
  /** The whole story, after the end. */
  events(): Promise<readonly TaskEvent[]>;
  /** The ledger, oldest first. */
  records(): Promise<readonly IterationRecord[]>;
}

export interface Stageful {
  readonly temporal: Client;
  readonly client: TaskClient;
  readonly store: MemoryStore;
  /** What a worker for these tasks needs. */
  readonly workerOptions: Pick<WorkerOptions, 'activities'> & Partial<WorkerOptions>;
  play(
    plot: readonly FakeIteration[] | ((iteration: number) => FakeIteration),
    spec?: Partial<TaskSpec>,
  ): Promise<PlayedTask>;
}

const patienceMs = 40_000;
let tasks = 0;

/** Asks again until the answer is there; throws the last refusal when it does not come. */
export async function until<T>(ask: () => Promise<T | undefined>, what: string): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs} ms in vain: ${what}`);
    await delay(30);
  }
}

/** Plays tasks whose workers serve `taskQueue`. */
export function createStage(temporal: Client, taskQueue: string): Stageful {
  const store = createMemoryStore();
  const fakes = createFakeActivities(store);
  const repositories = new Proxy({}, { get: () => () => Promise.reject(new Error('no repository here')) });
  const client = createTaskClient({
    client: temporal,
    artifacts: store,
    repositories: repositories as Parameters<typeof createTaskClient>[0]['repositories'],
    taskQueue,
    close: async () => {},
  });
  return {
    temporal,
    client,
    store,
    workerOptions: {
      taskQueue,
      activities: { ...fakes.activities },
      interceptors: { activity: [faultInterceptor] },
      maxHeartbeatThrottleInterval: '300ms',
      defaultHeartbeatThrottleInterval: '300ms',
    },
    async play(plot, spec = {}) {
      const taskId = (spec.taskId ?? `play-${process.pid}-${++tasks}`) as TaskId;
      const script = typeof plot === 'function' ? plot : plotOf(plot);
      const stages = fakes.task(taskId, script);
      await client.start(fakeSpec(taskId, spec));
      return playedTask({ temporal, client, store, taskId, stages });
    },
  };
}

function plotOf(iterations: readonly FakeIteration[]) {
  return (iteration: number): FakeIteration => {
    const found = iterations[iteration - 1];
    if (!found) throw new Error(`the plot has no iteration ${iteration}`);
    return found;
  };
}

interface Parts {
  readonly temporal: Client;
  readonly client: TaskClient;
  readonly store: MemoryStore;
  readonly taskId: TaskId;
  readonly stages: FakeTask;
}

function playedTask({ temporal, client, store, taskId, stages }: Parts): PlayedTask {
  const handle = temporal.workflow.getHandle(taskId);
  const stateWhen = (holds: (state: TaskState) => boolean) =>
    until(async () => {
      const state = await client.state(taskId);
      return holds(state) ? state : undefined;
    }, `a state of ${taskId}`);
  return {
    taskId,
    stages,
    handle,
    state: () => client.state(taskId),
    stateWhen,
    async pending(count = 1) {
      const { pending } = await stateWhen((state) => state.pending.length === count);
      return pending as readonly [PendingApproval, ...PendingApproval[]];
    },
    async answer(approval, said) {
      await client.decide(taskId, answerTo(approval, said));
    },
    outcome: () => handle.result(),
    async events() {
      const options = { signal: new AbortController().signal, live: false, follow: false };
      const events: TaskEvent[] = [];
      for await (const event of client.watch(taskId, options)) events.push(event);
      return events;
    },
    async records() {
      // A worker that replays a whole history first may take longer than a query waits.
      const { head } = await until(() => client.state(taskId).catch(() => undefined), `a state of ${taskId}`);
      return ledger(store, head);
    },
  };
}

async function ledger(store: MemoryStore, head: Digest | null): Promise<readonly IterationRecord[]> {
  const records: IterationRecord[] = [];
  for (let digest = head; digest !== null; ) {
    const bytes = await store.get(digest);
    const record = IterationRecordSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    records.unshift(record);
    digest = record.previous;
  }
  return records;
}

/** A whole answer to an approval: granted by a known person unless said otherwise. */
export function answerTo(approval: PendingApproval, said: Partial<Answer> = {}): Answer {
  return {
    approvalId: approval.approvalId,
    digest: approval.digest,
    outcome: 'granted',
    reason: '',
    scope: 'once',
    editedDigest: null,
    by: { name: 'ann', proof: 'os_user' },
    ...said,
  };
}
