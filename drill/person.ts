import { setTimeout as delay } from 'node:timers/promises';
import type { TaskClient } from '../client/task-client.ts';
import type { Answer, ApprovalRecord, PendingApproval } from '../contracts/approval.ts';
import type { Moment } from '../contracts/drill.ts';
import { errorCode } from '../contracts/error.ts';
import type { TaskEvent } from '../contracts/task-event.ts';
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
export type PlayedPart = Pick<Recording, 'taskId' | 'approvals' | 'steers' | 'rollbacks'>;

export interface PersonDeps {
  readonly client: TaskClient;
  readonly recording: PlayedPart;
  readonly reach: (moment: Moment) => Promise<void>;
  readonly signal: AbortSignal;
}

const retryMs = 200;

export function createPerson({ client, recording, reach, signal }: PersonDeps): Person {
  const { taskId, steers, rollbacks } = recording;
  const known = new Map(recording.approvals.map((record) => [record.approvalId as string, record]));
  const accepted: AcceptedAnswer[] = [];
  const unexpected: string[] = [];
  const answering: Promise<void>[] = [];
  const failures: string[] = [];
  const said = new Set<number>();
  const patiently = (call: () => Promise<unknown>) => untilTaken(call, signal);

  const answer = async (pending: PendingApproval): Promise<void> => {
    const record = known.get(pending.approvalId);
    if (record === undefined) unexpected.push(`${pending.approvalId}: ${pending.title}`);
    await reach({ at: 'approval', approvalId: pending.approvalId });
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
      const to = rollbacks.get(iteration);
      if (to !== undefined) await patiently(() => client.rollback(taskId, to, 'drill'));
    },
    see(event) {
      if (event.type === 'approval.opened') {
        const { approvalId } = event.approval;
        const refused = (error: unknown) => {
          failures.push(
            `${approvalId} was not taken: ${error instanceof Error ? error.message : String(error)}`,
          );
        };
        answering.push(answer(event.approval).catch(refused));
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
      if (
        tries > 1 &&
        (code === 'approval.not_found' || code === 'approval.decided' || code === 'task.ended')
      )
        return;
      if (code !== 'server.unavailable' && code !== 'worker.missing') throw error;
      await delay(retryMs, undefined, { signal });
    }
  }
}
