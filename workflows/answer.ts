import type { Answer, PendingApproval } from '../contracts/approval.ts';
import type { ErrorCode } from '../contracts/words/errors.ts';

export interface AnswerProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

const refused = (message: string): AnswerProblem => ({ code: 'approval.refused', message });

const outcomes: readonly string[] = ['granted', 'rejected', 'edited'] satisfies readonly Answer['outcome'][];

/**
 * What is wrong with an answer; undefined when it counts. Synchronous and total: it judges an update before it is accepted and a signal
 * after it came, and a signal's payload may be anything.
 */
export function answerProblem(
  pending: readonly PendingApproval[],
  answer: Answer,
  via: 'update' | 'signal',
): AnswerProblem | undefined {
  if (typeof answer !== 'object' || answer === null)
    return refused('expected an answer {approvalId, digest, outcome}');
  const approval = pending.find((p) => p.approvalId === answer.approvalId);
  if (!approval) {
    const open = pending.map((p) => p.approvalId).join(', ') || 'none';
    return {
      code: 'approval.not_found',
      message: `no approval ${String(answer.approvalId)} is waiting (waiting: ${open})`,
    };
  }
  if (answer.digest !== approval.digest) {
    return {
      code: 'approval.changed',
      message: `approval ${approval.approvalId} is for ${approval.digest}, the answer quotes ${String(answer.digest)}: look at it again`,
    };
  }
  if (via === 'signal' && !approval.acceptsSignals) {
    return refused(
      `the policy takes no plain signal for ${approval.approvalId}, because a signal proves nobody: use "longhaul approve"`,
    );
  }
  return contentProblem(approval, answer);
}

function contentProblem(approval: PendingApproval, answer: Answer): AnswerProblem | undefined {
  if (!outcomes.includes(answer.outcome)) {
    return refused(`expected an outcome of ${outcomes.join(', ')}, got ${String(answer.outcome)}`);
  }
  const reason = answer.reason ?? '';
  if (typeof reason !== 'string' || reason.length > 4000)
    return refused('expected a reason of at most 4,000 characters');
  if (
    answer.outcome === 'edited' &&
    (approval.subject !== 'action' || typeof answer.editedDigest !== 'string')
  ) {
    return refused(
      'only an action can be edited, and an edited answer needs editedDigest, the changed action',
    );
  }
  if (answer.scope === 'task' && (approval.standingRule === null || answer.outcome !== 'granted')) {
    return refused(`nothing of ${approval.approvalId} can stand for the whole task: answer it once`);
  }
  if (approval.subject === 'question' && answer.outcome === 'granted' && reason.trim() === '') {
    return refused('a question needs an answer in words (reason)');
  }
  return undefined;
}
