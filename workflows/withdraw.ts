import type { Actor } from '../contracts/approval.ts';
import { isWithdrawn, type Overtaking } from '../contracts/words/withdrawn.ts';
import { settledAs } from './settled.ts';
import type { Task } from './task.ts';

/** Ends the questions that something has overtaken; gives their ids. Whoever waits for them sees `withdrawn`. */
export function withdraw(task: Task, by: Overtaking, who: Actor, reason: string): readonly string[] {
  const gone = task.state.pending.filter((approval) => isWithdrawn(approval, by));
  for (const approval of gone) {
    const record = settledAs(approval, { outcome: 'withdrawn', reason, by: who });
    task.apply({ type: 'answered', standingRule: null, record });
  }
  return gone.map(({ approvalId }) => approvalId);
}
