import type { TaskClient, TaskListEntry } from '../../client/task-client.ts';
import type { ActionBody } from '../../contracts/action.ts';
import type { Answer, ApprovalCard, PendingApproval } from '../../contracts/approval.ts';
import type { Change } from '../../contracts/change.ts';
import { canonicalBytes, digestOf } from '../../contracts/digest.ts';
import { LonghaulError } from '../../contracts/error.ts';
import type { Digest, TaskId } from '../../contracts/ids.ts';
import type { TaskSpec } from '../../contracts/task.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';
import type { FileChange } from '../../contracts/task-repository.ts';
import type { TaskState } from '../../contracts/task-state.ts';

export interface FakeTask {
  readonly entry: TaskListEntry;
  readonly state: TaskState;
  readonly changes?: readonly FileChange[];
  readonly patch?: Uint8Array;
}

/** What a caller asked a fake client to do, in order. */
export type Call =
  | { readonly verb: 'start'; readonly spec: TaskSpec; readonly priority?: number }
  | { readonly verb: 'decide'; readonly taskId: string; readonly answer: Answer }
  | { readonly verb: 'steer'; readonly taskId: string; readonly text: string; readonly by: string }
  | { readonly verb: 'pause' | 'resume'; readonly taskId: string; readonly by: string }
  | {
      readonly verb: 'cancel';
      readonly taskId: string;
      readonly by: string;
      readonly mode: 'soft' | 'now';
    }
  | { readonly verb: 'change'; readonly taskId: string; readonly change: Change }
  | { readonly verb: 'rollback'; readonly taskId: string; readonly to: number; readonly by: string }
  | { readonly verb: 'close' };

export interface FakeTaskClient extends TaskClient {
  readonly calls: Call[];
  add(task: FakeTask): void;
  /** One more event of a task; `end` ends every watch after it. */
  push(taskId: string, ...events: readonly TaskEvent[]): void;
  end(taskId: string): void;
  /** Stores a card and gives the approval that is bound to it. */
  addCard(card: ApprovalCard, more?: Partial<PendingApproval>): PendingApproval;
  addArtifact(bytes: Uint8Array): Digest;
  /** The next `decide` fails with this. */
  failDecide(error: LonghaulError): void;
  /** How many events of a task a watcher has dealt with: it came back for more. */
  taken(taskId: string): number;
  /** Watches that are open now. */
  watching(): number;
}

/** A client over tasks that live in this process: what it is told is what it gives. */
export function createFakeTaskClient(): FakeTaskClient {
  const tasks = new Map<string, FakeTask>();
  const streams = new Map<string, Stream>();
  const artifacts = new Map<string, Uint8Array>();
  const calls: Call[] = [];
  let decideFailure: LonghaulError | null = null;
  let watching = 0;
  const streamOf = (taskId: string): Stream => {
    const found = streams.get(taskId) ?? createStream();
    streams.set(taskId, found);
    return found;
  };
  const taskOf = (taskId: string): FakeTask => {
    const found = tasks.get(taskId);
    if (found === undefined) throw new LonghaulError('task.not_found', `No task is called "${taskId}".`);
    return found;
  };
  const put = (bytes: Uint8Array): Digest => {
    const digest = digestOf(bytes);
    artifacts.set(digest, bytes);
    return digest;
  };
  const get = (digest: string): Uint8Array => {
    const bytes = artifacts.get(digest);
    if (bytes === undefined) throw new LonghaulError('artifact.not_found', `No artifact ${digest}.`);
    return bytes;
  };
  return {
    calls,
    add: (task) => void tasks.set(task.entry.taskId, task),
    push: (taskId, ...events) => streamOf(taskId).push(...events),
    end: (taskId) => streamOf(taskId).end(),
    addCard: (card, more = {}) => ({
      approvalId: card.approvalId,
      subject: card.subject,
      actionId: card.action?.id ?? null,
      digest: put(canonicalBytes(card)),
      title: card.title,
      openedAtMs: 0,
      expiresAtMs: card.expiresAtMs,
      acceptsSignals: false,
      standingRule: card.decision?.standingRule ?? null,
      ...more,
    }),
    addArtifact: put,
    failDecide: (error) => {
      decideFailure = error;
    },
    taken: (taskId) => streamOf(taskId).taken(),
    watching: () => watching,
    async start(spec, options = {}) {
      calls.push({ verb: 'start', spec, ...options });
      return spec.taskId;
    },
    async list({ status, limit }) {
      const entries = [...tasks.values()].map(({ entry }) => entry);
      return entries.filter((entry) => status === undefined || entry.status === status).slice(0, limit);
    },
    state: async (taskId) => taskOf(taskId).state,
    async *watch(taskId, { signal, live, follow }) {
      watching += 1;
      try {
        for await (const event of streamOf(taskId).read(signal, follow))
          if (live || !event.type.startsWith('live.')) yield event;
      } finally {
        watching -= 1;
      }
    },
    card: async (_, pending) => JSON.parse(new TextDecoder().decode(get(pending.digest))),
    putAction: async (body: ActionBody) => put(canonicalBytes(body)),
    async decide(taskId, answer) {
      if (decideFailure !== null) {
        const failure = decideFailure;
        decideFailure = null;
        throw failure;
      }
      calls.push({ verb: 'decide', taskId, answer });
      return { outcome: answer.outcome };
    },
    steer: async (taskId, text, by) => void calls.push({ verb: 'steer', taskId, text, by }),
    pause: async (taskId, by) => void calls.push({ verb: 'pause', taskId, by }),
    resume: async (taskId, by) => void calls.push({ verb: 'resume', taskId, by }),
    cancel: async (taskId, by, { mode } = { mode: 'now' }) =>
      void calls.push({ verb: 'cancel', taskId, by, mode }),
    async rollback(taskId: TaskId, to, by) {
      calls.push({ verb: 'rollback', taskId, to, by });
      return { withdrawn: [] };
    },
    async change(taskId, change) {
      calls.push({ verb: 'change', taskId, change });
      const { budget, pending } = taskOf(taskId).state;
      return {
        budget: {
          maxUsd: change.budget?.maxUsd === undefined ? budget.maxUsd : change.budget.maxUsd,
          maxIterations: change.budget?.maxIterations ?? budget.maxIterations,
        },
        model: change.model ?? 'gpt-test',
        constraints: change.constraints?.add.length ?? 0,
        withdrawn: pending.filter(({ subject }) => subject === 'budget').map(({ approvalId }) => approvalId),
      };
    },
    changes: async (taskId) => taskOf(taskId).changes ?? [],
    patch: async (taskId) => taskOf(taskId).patch ?? new Uint8Array(),
    artifact: async (digest) => get(digest),
    close: async () => void calls.push({ verb: 'close' }),
  };
}

interface Stream {
  taken(): number;
  push(...events: readonly TaskEvent[]): void;
  end(): void;
  read(signal: AbortSignal, follow: boolean): AsyncIterable<TaskEvent>;
}

function createStream(): Stream {
  const events: TaskEvent[] = [];
  const wakers = new Set<() => void>();
  let ended = false;
  let taken = 0;
  const wake = () => {
    for (const waker of wakers) waker();
    wakers.clear();
  };
  return {
    taken: () => taken,
    push(...more) {
      events.push(...more);
      if (more.some(({ type }) => type === 'task.finished')) ended = true;
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *read(signal, follow) {
      for (let index = 0; ; ) {
        const event = events[index];
        if (event !== undefined) {
          index += 1;
          yield event;
          taken = Math.max(taken, index);
          continue;
        }
        if (ended || !follow || signal.aborted) return;
        await new Promise<void>((resolve) => {
          wakers.add(resolve);
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      }
    },
  };
}
