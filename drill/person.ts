import { setTimeout as delay } from 'node:timers/promises';
import type { TaskClient } from '../client/task-client.ts';
import type { Answer, ApprovalRecord, PendingApproval } from '../contracts/approval.ts';
import type { Moment } from '../contracts/drill.ts';
import { errorCode } from '../contracts/error.ts';
import type { TaskEvent } from '../contracts/task-event.ts';
import type { ErrorCode } from '../contracts/words/errors.ts';
import type { Recording } from './recording.ts';

export interface AcceptedAnswer {
  readonly approvalId: string;
  readonly digest: string;
  readonly outcome: string;
}

/** Plays what people did in the original task. */
export interface Person {
  /** Before the model answers for an iteration: what people said and asked for while it worked. */
  beforeAnswer(iteration: number): Promise<void>;
  see(event: TaskEvent): void;
  /** Resolves when every answer has been taken or refused, with what refused it. */
  settled(): Promise<readonly string[]>;
  readonly accepted: readonly AcceptedAnswer[];
  /** Questions that the original task did not ask. */
  readonly unexpected: readonly string[];
}

/** What of a recording people did. */
export type PlayedPart = Pick<Recording, 'taskId' | 'approvals' | 'steers' | 'rollbacks' | 'changes'>;

export interface PersonDeps {
  readonly client: TaskClient;
  readonly recording: PlayedPart;
  readonly reach: (moment: Moment) => Promise<void>;
  readonly signal: AbortSignal;
}

const retryMs = 200;

export function createPerson({ client, recording, reach, signal }: PersonDeps): Person {
  const { taskId, steers, rollbacks, changes } = recording;
  const known = new Map(recording.approvals.map((record) => [record.approvalId as string, record]));
  const accepted: AcceptedAnswer[] = [];
  const unexpected: string[] = [];
  const answering: Promise<void>[] = [];
  const failures: string[] = [];
  const said = new Set<number>();
  const turned = new Set<number>();
  const settled = new Map<string, PromiseWithResolvers<void>>();
  const settledOf = (approvalId: string): PromiseWithResolvers<void> => {
    const found = settled.get(approvalId) ?? Promise.withResolvers<void>();
    settled.set(approvalId, found);
    return found;
  };
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const patiently = (call: () => Promise<unknown>) => untilTaken(call, signal);

  const withdrawnIn = new Set(
    recording.approvals
      .filter(({ outcome }) => outcome === 'withdrawn')
      .map(({ approvalId }) => iterationOf(approvalId)),
  );
  /** What makes the task go another way after an iteration. */
  const turn = async (iteration: number): Promise<void> => {
    if (turned.has(iteration)) return;
    turned.add(iteration);
    for (const { change } of changes.filter(({ after }) => after === iteration)) {
      const { budget, model, constraints, by } = change;
      const actor = { name: by, proof: 'os_user' } as const;
      await patiently(() => client.change(taskId, { budget, model, constraints, by: actor }));
    }
    const to = rollbacks.get(iteration);
    if (to !== undefined) await patiently(() => client.rollback(taskId, to, 'drill'));
  };

  const answer = async (pending: PendingApproval): Promise<void> => {
    const { approvalId, digest } = pending;
    const record = known.get(approvalId);
    if (record === undefined) unexpected.push(`${approvalId}: ${pending.title}`);
    await reach({ at: 'approval', approvalId });
    if (record?.outcome === 'withdrawn') {
      // Questions of the same iteration that had been answered by then are answered first: a rollback takes back all that wait.
      await Promise.race([
        Promise.all(answeredBefore(known, record).map((id) => settledOf(id).promise)),
        aborted,
      ]);
      await turn(iterationOf(approvalId));
      accepted.push({ approvalId, digest, outcome: 'withdrawn' });
      return;
    }
    const given = answerTo(pending, record);
    await patiently(() => client.decide(taskId, given));
    accepted.push({ approvalId: given.approvalId, digest: given.digest, outcome: given.outcome });
    if (pending.subject === 'delivery') await reach({ at: 'delivery' });
  };

  return {
    async beforeAnswer(iteration) {
      if (said.has(iteration)) return;
      said.add(iteration);
      // Index n holds what was read by iteration n+1: it is said while this one is on its way.
      for (const { text, by } of steers[iteration] ?? [])
        await patiently(() => client.steer(taskId, text, by));
      // Where it took a question back, it waits for that question.
      if (!withdrawnIn.has(iteration)) await turn(iteration);
    },
    see(event) {
      if (event.type === 'approval.opened') {
        const { approvalId } = event.approval;
        const refused = (error: unknown) => {
          failures.push(
            `${approvalId} was not taken: ${error instanceof Error ? error.message : String(error)}`,
          );
        };
        answering.push(
          answer(event.approval)
            .catch(refused)
            .finally(() => settledOf(approvalId).resolve()),
        );
      }
    },
    async settled() {
      await Promise.all(answering);
      return failures;
    },
    accepted,
    unexpected,
  };
}

function iterationOf(approvalId: string): number {
  return Number(/^i([0-9]+)\./.exec(approvalId)?.[1] ?? 0);
}

function answeredBefore(
  known: ReadonlyMap<string, ApprovalRecord>,
  { approvalId, decidedAtMs }: ApprovalRecord,
): readonly string[] {
  return [...known.values()]
    .filter((other) => iterationOf(other.approvalId) === iterationOf(approvalId))
    .filter((other) => other.outcome !== 'withdrawn' && other.decidedAtMs <= decidedAtMs)
    .map((other) => other.approvalId);
}

/** As it was answered then. Silence cannot be waited for: what expired or was overtaken by a change is rejected. */
function answerTo(pending: PendingApproval, record: ApprovalRecord | undefined): Answer {
  const { approvalId, digest } = pending;
  const common = { approvalId, digest, scope: 'once', editedDigest: null } as const;
  if (record === undefined) {
    const by = { name: 'drill', proof: 'os_user' } as const;
    return { ...common, outcome: 'granted', reason: 'granted by the drill', by };
  }
  const by = { name: record.by.name, proof: 'os_user' } as const;
  if (record.outcome === 'expired' || record.outcome === 'withdrawn')
    return { ...common, outcome: 'rejected', reason: record.reason, by };
  const { outcome, reason, scope, editedDigest } = record;
  return { approvalId, digest, outcome, reason, scope, editedDigest, by };
}

function isDone(code: ErrorCode | undefined): boolean {
  return code === 'approval.not_found' || code === 'approval.decided' || code === 'task.ended';
}

/** A server or worker that is just being killed takes no message: it is sent again, which is one message. */
async function untilTaken(call: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await call();
      return;
    } catch (error) {
      signal.throwIfAborted();
      const code = errorCode(error);
      // The one before has arrived, and its answer did not.
      if (tries > 1 && isDone(code)) return;
      if (code !== 'server.unavailable' && code !== 'worker.missing') throw error;
      await delay(retryMs, undefined, { signal });
    }
  }
}
