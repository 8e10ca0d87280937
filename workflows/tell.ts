import { CancellationScope } from '@temporalio/workflow';
import type { PendingApproval } from '../contracts/approval.ts';
import type { Notification } from '../contracts/notifier.ts';
import type { TaskOutcome, TaskState } from '../contracts/task-state.ts';
import { notify, notifyOfEnd } from './stages.ts';

/** Tells that something waits for a person; nothing waits for the telling. `reminder` is its number, 0 when it was asked just now. */
export function tellOfApproval({ taskId }: TaskState, approval: PendingApproval, reminder: number): void {
  const { approvalId, digest, expiresAtMs } = approval;
  const what = reminder === 0 ? 'opened' : `reminder-${reminder}`;
  void send(notify, {
    id: `${taskId}:${approvalId}:${what}`,
    type: reminder === 0 ? 'approval.opened' : 'approval.reminder',
    taskId,
    title: titleOf(approval),
    approvalId,
    digest,
    expiresAtMs,
    atMs: Date.now(),
  });
}

/** Tells how the task ended; waits for the receiver for some seconds at most. */
export async function tellOfEnd({ taskId }: TaskState, { status }: TaskOutcome): Promise<void> {
  const atMs = Date.now();
  const title = `The task was ${status}`;
  await send(notifyOfEnd, { id: `${taskId}:ended`, type: 'task.ended', taskId, title, status, atMs });
}

/** The platform's own words: the title of an action is a command, that of a question the model's text. */
function titleOf({ subject, approvalId, title }: PendingApproval): string {
  if (subject === 'action') return `An action waits for an answer (${approvalId})`;
  if (subject === 'question') return `The model asks something (${approvalId})`;
  return title;
}

async function send(via: typeof notify, notification: Notification): Promise<void> {
  try {
    await CancellationScope.nonCancellable(() => via({ notification }));
  } catch {
    // A receiver that is dead stops no task; what waits is still listed, and a reminder tries again.
  }
}
