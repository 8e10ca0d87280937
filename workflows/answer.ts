import type { Answer, ApprovalRecord, PendingApproval } from '../contracts/approval.ts';
import { identityProof } from '../contracts/words/sets.ts';
import { type MessageProblem, shown } from './message-problem.ts';
import { isDigest, maxNameCharacters, type Via } from './sender.ts';
import { repeats, settledProblem } from './settled.ts';

const refused = (message: string): MessageProblem => ({ code: 'approval.refused', message });

const outcomes: readonly unknown[] = ['granted', 'rejected', 'edited'] satisfies readonly Answer['outcome'][];
const scopes: readonly unknown[] = [undefined, 'once', 'task'] satisfies readonly (
  | Answer['scope']
  | undefined
)[];
/** How it may be known that a person answered; what the platform itself decides is no answer. */
const proofs: readonly unknown[] = [identityProof.osUser, identityProof.signal];
const maxReasonCharacters = 4000;

/** What people are asked, and what has been settled of late. */
export interface Asked {
  readonly pending: readonly PendingApproval[];
  readonly settled: readonly ApprovalRecord[];
}

/** What is wrong with the form of an answer, whatever is asked. Synchronous and total: the payload may be anything. */
export function malformedAnswer(answer: Answer): MessageProblem | undefined {
  if (typeof answer !== 'object' || answer === null)
    return refused('expected an answer {approvalId, digest, outcome}');
  return byProblem(answer.by) ?? formProblem(answer);
}

/**
 * What is wrong with an answer; undefined when it counts, and then it has the form of `AnswerSchema`. Synchronous and total: an update's and
 * a signal's payload may be anything. The same answer again counts as it did, and changes nothing.
 */
export function answerProblem(
  { pending, settled }: Asked,
  answer: Answer,
  via: Via,
): MessageProblem | undefined {
  if (typeof answer !== 'object' || answer === null) return malformedAnswer(answer);
  const approval = pending.find((p) => p.approvalId === answer.approvalId);
  if (!approval) {
    const before = settled.findLast((s) => s.approvalId === answer.approvalId);
    if (before !== undefined) return repeats(before, answer, via) ? undefined : settledProblem(before);
    const open = pending.map((p) => p.approvalId).join(', ') || 'none';
    return {
      code: 'approval.not_found',
      message: `no approval ${shown(answer.approvalId)} is waiting (waiting: ${open})`,
    };
  }
  if (answer.digest !== approval.digest) {
    return {
      code: 'approval.changed',
      message: `approval ${approval.approvalId} is for ${approval.digest}, the answer quotes ${shown(answer.digest)}: look at it again`,
    };
  }
  return whoProblem(approval, answer.by, via) ?? formProblem(answer) ?? contentProblem(approval, answer);
}

function whoProblem(
  approval: PendingApproval,
  by: Answer['by'] | undefined,
  via: Via,
): MessageProblem | undefined {
  const malformed = byProblem(by);
  if (malformed !== undefined) return malformed;
  const known = via === 'update' && by !== undefined && by.proof !== identityProof.signal;
  return known || approval.acceptsSignals
    ? undefined
    : refused(
        `the policy takes no plain signal for ${approval.approvalId}, because a signal proves nobody: use "longhaul approve"`,
      );
}

function byProblem(by: unknown): MessageProblem | undefined {
  return by === undefined || isPerson(by)
    ? undefined
    : refused(
        `expected "by" to be {name: at most ${maxNameCharacters} characters, proof: ${proofs.join(' or ')}}`,
      );
}

function isPerson(by: unknown): boolean {
  if (typeof by !== 'object' || by === null) return false;
  const { name, proof } = by as { readonly name?: unknown; readonly proof?: unknown };
  const named = typeof name === 'string' && name !== '' && name.length <= maxNameCharacters;
  return named && proofs.includes(proof);
}

function formProblem({ outcome, scope, reason, editedDigest }: Partial<Answer>): MessageProblem | undefined {
  if (!outcomes.includes(outcome))
    return refused(`expected an outcome of ${outcomes.join(', ')}, got ${shown(outcome)}`);
  if (!scopes.includes(scope)) return refused(`expected a scope of once or task, got ${shown(scope)}`);
  if (reason !== undefined && (typeof reason !== 'string' || reason.length > maxReasonCharacters))
    return refused(`expected a reason of at most ${maxReasonCharacters} characters`);
  if (editedDigest !== undefined && editedDigest !== null && !isDigest(editedDigest))
    return refused(`expected editedDigest to be sha256:<64 hex digits>, got ${shown(editedDigest)}`);
  return undefined;
}

function contentProblem(approval: PendingApproval, answer: Answer): MessageProblem | undefined {
  if (answer.outcome === 'edited' && (approval.subject !== 'action' || !isDigest(answer.editedDigest))) {
    return refused(
      'only an action can be edited, and an edited answer needs editedDigest, the changed action',
    );
  }
  if (answer.scope === 'task' && (approval.standingRule === null || answer.outcome !== 'granted')) {
    return refused(`nothing of ${approval.approvalId} can stand for the whole task: answer it once`);
  }
  if (
    approval.subject === 'question' &&
    answer.outcome === 'granted' &&
    (answer.reason ?? '').trim() === ''
  ) {
    return refused('a question needs an answer in words (reason)');
  }
  return undefined;
}
