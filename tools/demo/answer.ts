import type { TaskClient } from '../../client/task-client.ts';
import type { TaskId } from '../../contracts/ids.ts';

/** Answers for the person where nobody sits at a terminal, and says so. Returns when the task has ended or the signal aborts. */
export async function answerEverything(
  tasks: TaskClient,
  taskId: TaskId,
  say: (line: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of tasks.watch(taskId, { follow: true, live: false, signal })) {
    if (event.type !== 'approval.opened') continue;
    const { approvalId, digest, subject } = event.approval;
    // A fault is nothing to wave through: it ends the demo, and the demo fails.
    const outcome = subject === 'fault' ? 'rejected' : 'granted';
    const verb = subject === 'fault' ? 'reject' : 'approve';
    await say(`nobody sits at a terminal, so the demo answers: longhaul ${verb} ${taskId} ${approvalId}`);
    await tasks.decide(taskId, {
      approvalId,
      digest,
      outcome,
      reason: 'answered by the demo',
      scope: 'once',
      editedDigest: null,
      by: { name: 'demo', proof: 'os_user' },
    });
  }
}
