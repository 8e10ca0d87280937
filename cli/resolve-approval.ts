import type { PendingApproval } from '../contracts/approval.ts';
import { LonghaulError } from '../contracts/error.ts';

/**
 * The approval that a person means: the one that is named, else the only one that waits.
 * Throws `approval.not_found` when none waits or no such one, `usage.invalid` when several wait and none is named.
 */
export function resolveApproval(
  taskId: string,
  pending: readonly PendingApproval[],
  approvalId: string | undefined,
): PendingApproval {
  if (approvalId !== undefined) {
    const found = pending.find((approval) => approval.approvalId === approvalId);
    if (found !== undefined) return found;
    throw new LonghaulError(
      'approval.not_found',
      `No approval ${approvalId} waits in task ${taskId}; it may have been answered or have expired. ${waitingText(pending)}`,
    );
  }
  const [only] = pending;
  if (only !== undefined && pending.length === 1) return only;
  if (only === undefined) {
    throw new LonghaulError('approval.not_found', `Nothing waits for a person in task ${taskId}.`);
  }
  throw new LonghaulError(
    'usage.invalid',
    `${pending.length} approvals wait: say which. ${waitingText(pending)}`,
  );
}

function waitingText(pending: readonly PendingApproval[]): string {
  if (pending.length === 0) return 'Nothing waits now.';
  return ['Waiting:', ...pending.map(({ approvalId, title }) => `  ${approvalId}  ${title}`)].join('\n');
}
