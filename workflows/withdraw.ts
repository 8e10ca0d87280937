import type { Actor } from '../contracts/approval.ts';
import { isWithdrawn, type Overtaking } from '../contracts/words/withdrawn.ts';
import type { Task } from './task.ts';

/** Ends the questions that something has overtaken; gives their ids. Whoever waits for them sees `withdrawn`. */
export function withdraw(task: Task, by: Overtaking, who: Actor, reason: string): readonly string[] {
  const gone = task.state.pending.filter((approval) => isWithdrawn(approval, by));
  for (const { approvalId, subject, actionId, digest, openedAtMs } of gone) {
    task.apply({
      type: 'answered',
      standingRule: null,
      record: {
        approvalId,
        subject,
        actionId,
        digest,
        outcome: 'withdrawn',
        scope: 'once',
        editedDigest: null,
        reason,
        by: who,
        openedAtMs,
        decidedAtMs: Date.now(),
      },
    });
  }
  return gone.map(({ approvalId }) => approvalId);
}
