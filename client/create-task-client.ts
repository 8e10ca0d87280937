import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  type Answer,
  type ApprovalCard,
  ApprovalCardSchema,
  type PendingApproval,
} from '../contracts/approval.ts';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import { canonicalBytes, digestOf } from '../contracts/digest.ts';
import { LonghaulError } from '../contracts/error.ts';
import type { TaskId } from '../contracts/ids.ts';
import { refuseCredentials } from '../contracts/repository-url.ts';
import { type TaskSpec, TaskSpecSchema } from '../contracts/task.ts';
import type { TaskRepository } from '../contracts/task-repository.ts';
import type { CodingTaskInput } from '../contracts/task-state.ts';
import { memoKey, messageName, searchAttribute, workflowType } from '../contracts/words/messages.ts';
import { identityProof } from '../contracts/words/sets.ts';
import { withEnd } from './ended-task.ts';
import { classifyClientError } from './errors.ts';
import { listTasks } from './list.ts';
import { queryState } from './query-state.ts';
import type { TaskClient } from './task-client.ts';
import { watchTask } from './watch.ts';
import { workspaceEnds } from './workspace-ends.ts';

export interface TaskClientDeps {
  readonly client: Client;
  readonly artifacts: ArtifactStore;
  readonly repositories: TaskRepository;
  /** Where new tasks wait for a worker of the same home. */
  readonly taskQueue: string;
  readonly close: () => Promise<void>;
}

const answerWithinMs = 10_000;
/** Of a task that has ended: the worker of its version may be gone for good, and history tells how it ended. */
const endedWithinMs = 8_000;
/**
 * How long a worker that died within a workflow task goes unnoticed. A replay of the longest run takes a second or two; on a machine where it
 * takes longer the server lengthens the time from the fourth try on.
 */
const workflowTaskTimeout = '4s';
const maxSpecBytes = 48 * 1024;
const usualPriority = 3;
/** What Temporal takes, in bytes. */
const maxFairnessKeyBytes = 64;

/** The typed verbs over a Temporal server. */
export function createTaskClient(deps: TaskClientDeps): TaskClient {
  const { client, artifacts, repositories, taskQueue, close } = deps;
  const handle = (taskId: TaskId) => client.workflow.getHandle(taskId);
  const withDeadline = <T>(taskId: TaskId, call: () => Promise<T>) =>
    client.withDeadline(Date.now() + answerWithinMs, call).catch(async (error: unknown) => {
      throw await withEnd(client, taskId, classifyClientError(error, taskId));
    });
  const update = <R, P extends object>(taskId: TaskId, name: string, payload: P, updateId: string) =>
    withDeadline(taskId, () => handle(taskId).executeUpdate<R, [P]>(name, { args: [payload], updateId }));
  const signal = (taskId: TaskId, name: string, payload: object) =>
    withDeadline(taskId, () => handle(taskId).signal(name, payload));
  const ends = (taskId: TaskId) =>
    workspaceEnds(client, taskId).catch((error: unknown) => {
      throw classifyClientError(error, taskId);
    });
  return {
    start: (spec, options) => start(client, taskQueue, spec, options?.priority ?? usualPriority),
    list: (filter) => listTasks(client, filter),
    state: (taskId) =>
      withDeadline(taskId, async () => {
        const { status } = await handle(taskId).describe();
        const patienceMs = status.name === 'RUNNING' ? answerWithinMs : endedWithinMs;
        return client.withDeadline(Date.now() + patienceMs, () => queryState(client, taskId));
      }),
    watch: (taskId, options) => watched(client, taskId, options),
    card: (taskId, pending) => shownCard(artifacts, taskId, pending),
    putAction: (body) => artifacts.put(canonicalBytes(body)),
    decide: (taskId, answer) => {
      // Without what was on the screen: the same answer is the same from wherever it is sent again.
      const { saw: _, ...said } = answer;
      const updateId = digestOf(canonicalBytes(said)).slice('sha256:'.length);
      return update<{ outcome: Answer['outcome'] }, Answer>(taskId, messageName.decide, answer, updateId);
    },
    steer: (taskId, text, by, saw = null) => signal(taskId, messageName.steer, { text, by, saw }),
    pause: (taskId, by, saw = null) => signal(taskId, messageName.pause, { by, saw }),
    resume: (taskId, by, saw = null) => signal(taskId, messageName.resume, { by, saw }),
    cancel: (taskId, by, { mode, saw = null } = { mode: 'now' }) =>
      signal(taskId, messageName.cancel, { by, mode, saw }),
    rollback: (taskId, toIteration, by, saw = null) => {
      const request = { toIteration, by: { name: by, proof: identityProof.osUser }, saw };
      return update(taskId, messageName.rollback, request, randomUUID());
    },
    change: (taskId, change) => update(taskId, messageName.change, change, randomUUID()),
    async changes(taskId) {
      const { base, newest } = await ends(taskId);
      return repositories.changes(taskId, base, newest);
    },
    async patch(taskId) {
      const { base, newest } = await ends(taskId);
      return repositories.patch(taskId, base, newest);
    },
    artifact: (digest) => artifacts.get(digest),
    close,
  };
}

async function shownCard(
  artifacts: ArtifactStore,
  taskId: TaskId,
  { approvalId, digest }: PendingApproval,
): Promise<ApprovalCard> {
  const bytes = await artifacts.get(digest);
  const card = ApprovalCardSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  if (card.approvalId === approvalId && card.taskId === taskId) return card;
  throw new LonghaulError(
    'approval.changed',
    `the card ${digest} of the approval ${approvalId} of ${taskId} is that of ${card.approvalId} of ${card.taskId}: do not answer it, and look at the task's history`,
  );
}

async function start(
  client: Client,
  taskQueue: string,
  spec: TaskSpec,
  priorityKey: number,
): Promise<TaskId> {
  const checked = TaskSpecSchema.parse(spec);
  refuseCredentials(checked.repository);
  const bytes = canonicalBytes(checked).byteLength;
  if (bytes > maxSpecBytes) {
    throw new LonghaulError(
      'payload.too_large',
      `the task's specification has ${bytes} bytes, at most ${maxSpecBytes} are taken: put long texts into files of the repository`,
    );
  }
  const input: CodingTaskInput = { type: 'start', spec: checked };
  const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
  try {
    await client.workflow.start(workflowType, {
      workflowId: spec.taskId,
      taskQueue,
      args: [input],
      priority: { priorityKey, fairnessKey: fairnessKeyOf(checked.requestedBy), fairnessWeight: 1 },
      workflowTaskTimeout,
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      memo: {
        [memoKey.instruction]: spec.instruction.slice(0, 500),
        [memoKey.requestedBy]: spec.requestedBy,
      },
      typedSearchAttributes: [
        { key: keyword(searchAttribute.status), value: 'preparing' },
        { key: keyword(searchAttribute.repository), value: spec.repository.slice(0, 500) },
      ],
    });
  } catch (error) {
    throw classifyClientError(error, spec.taskId);
  }
  return spec.taskId;
}

/** All tasks of one person share one part of what workers do. A long name stands for itself by its digest. */
function fairnessKeyOf(requestedBy: string): string {
  if (Buffer.byteLength(requestedBy) <= maxFairnessKeyBytes) return requestedBy;
  return digestOf(canonicalBytes(requestedBy)).slice('sha256:'.length);
}

async function* watched(client: Client, taskId: TaskId, options: Parameters<TaskClient['watch']>[1]) {
  try {
    yield* watchTask(client, taskId, options);
  } catch (error) {
    throw classifyClientError(error, taskId);
  }
}
