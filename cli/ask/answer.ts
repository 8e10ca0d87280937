import type { Answer, PendingApproval } from '../../contracts/approval.ts';
import type { Digest } from '../../contracts/ids.ts';
import type { Saw } from '../../contracts/saw.ts';

export interface Said {
  readonly outcome: Answer['outcome'];
  readonly reason?: string;
  readonly scope?: Answer['scope'];
  readonly editedDigest?: Digest;
}

/** A person's answer at this machine, bound to the digest of what they were shown. */
export function answerOf(pending: PendingApproval, said: Said, user: string, saw: Saw | null): Answer {
  return {
    approvalId: pending.approvalId,
    digest: pending.digest,
    outcome: said.outcome,
    reason: said.reason ?? '',
    scope: said.scope ?? 'once',
    editedDigest: said.editedDigest ?? null,
    by: { name: user, proof: 'os_user' },
    saw,
  };
}
