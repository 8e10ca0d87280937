import type { Actor, Answer, ApprovalRecord, PendingApproval } from '../contracts/approval.ts';
import { identityProof } from '../contracts/words/sets.ts';
import type { MessageProblem } from './message-problem.ts';
import { plainText } from './plain-text.ts';
import type { Via } from './sender.ts';

/** As much of a reason as is kept of a settled answer. */
const comparedCharacters = 200;

/** Who an answer counts for: by a signal the name alone is taken, since it proves nobody. */
export function actorOf(by: Answer['by'] | undefined, via: Via): Actor {
  if (via === 'update') return by ?? { name: 'unknown', proof: identityProof.signal };
  return { name: by?.name ?? 'unknown', proof: identityProof.signal };
}

/** What becomes of a question at this moment. */
export function settledAs(
  { approvalId, subject, actionId, digest, openedAtMs }: PendingApproval,
  end: Pick<ApprovalRecord, 'outcome' | 'reason' | 'by'> &
    Partial<Pick<ApprovalRecord, 'scope' | 'editedDigest'>>,
): ApprovalRecord {
  const decidedAtMs = Date.now();
  const asked = { approvalId, subject, actionId, digest, openedAtMs };
  return { ...asked, scope: 'once', editedDigest: null, ...end, decidedAtMs };
}

/** Whether an answer is the one that counted before, sent once more. */
export function repeats(before: ApprovalRecord, answer: Answer, via: Via): boolean {
  const by = actorOf(answer.by, via);
  return (
    before.digest === answer.digest &&
    before.outcome === answer.outcome &&
    before.scope === (answer.scope ?? 'once') &&
    before.editedDigest === (answer.outcome === 'edited' ? (answer.editedDigest ?? null) : null) &&
    before.reason.slice(0, comparedCharacters) ===
      plainText(String(answer.reason ?? ''), 4000).slice(0, comparedCharacters) &&
    before.by.name === by.name &&
    before.by.proof === by.proof
  );
}

/** Tells whoever answers too late what was decided, by whom and when. */
export function settledProblem({
  approvalId,
  outcome,
  by,
  reason,
  decidedAtMs,
}: ApprovalRecord): MessageProblem {
  const at = `${new Date(decidedAtMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  if (outcome === 'withdrawn') {
    const message = `${approvalId} is not asked any more: ${reason} (${at}). Look at the task again before you answer`;
    return { code: 'approval.changed', message };
  }
  const message =
    outcome === 'expired'
      ? `nobody answered ${approvalId} in time, which counts as a refusal since ${at}`
      : `${approvalId} was ${outcome} by ${by.name} (${by.proof}) at ${at}: the first answer counts, this one does not`;
  return { code: 'approval.decided', message };
}
