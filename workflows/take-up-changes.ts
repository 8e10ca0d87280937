import type { ConstraintChange } from '../contracts/task-state.ts';
import { orAsk } from './faults.ts';
import { prepared } from './prepared.ts';
import { keepConstraints } from './stages.ts';
import type { Task } from './task.ts';

/** Stores what constraints hold now, and tells the model in the transcript's next message; the prefix stays as it is. */
export async function takeUpChanges(task: Task): Promise<void> {
  while (task.state.constraintChanges.length > 0) {
    const { specDigest } = prepared(task.state);
    const { constraintChanges: changes, constraints } = task.state;
    const { digest } = await orAsk(task, 'constraints', () =>
      keepConstraints({ specDigest, heldDigest: constraints.digest, changes }),
    );
    const notice = changes.map(noticeOf).join('\n');
    task.apply({ type: 'constraints_kept', digest, notice, taken: changes.length });
  }
}

function noticeOf({ add, replace, by }: ConstraintChange): string {
  const list = add.map((text) => `- ${text}`);
  if (!replace) return [`${by} adds constraints, which hold from now on:`, ...list].join('\n');
  if (add.length === 0) return `${by} takes all constraints away: none holds from now on.`;
  return [`${by} replaces the constraints. From now on these hold, and no others:`, ...list].join('\n');
}
