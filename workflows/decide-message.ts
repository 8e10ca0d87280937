import type { Answer } from '../contracts/approval.ts';
import { answerProblem } from './answer.ts';
import { shown } from './message-problem.ts';
import { plainText } from './plain-text.ts';
import { noteMessage, partOf, type Via } from './sender.ts';
import { actorOf, settledAs } from './settled.ts';
import type { Task } from './task.ts';

/** More is refused. */
const maxReasonCharacters = 4000;

export interface Decided {
  readonly outcome: Answer['outcome'];
}

/** An answer in some words. */
export function aboutAnswer(answer: unknown): string {
  return `${shown(partOf(answer, 'outcome'))} ${shown(partOf(answer, 'approvalId'))}`;
}

/** Takes an answer that has been judged; one that came before is not taken again. */
export function takeAnswer(task: Task, answer: Answer, via: Via): Decided {
  const { outcome } = answer;
  const approval = task.state.pending.find((p) => p.approvalId === answer.approvalId);
  if (!approval) return { outcome };
  const scope = answer.scope ?? 'once';
  task.apply({
    type: 'answered',
    standingRule: scope === 'task' ? approval.standingRule : null,
    record: settledAs(approval, {
      outcome,
      scope,
      editedDigest: outcome === 'edited' ? (answer.editedDigest ?? null) : null,
      reason: plainText(answer.reason ?? '', maxReasonCharacters),
      by: actorOf(answer.by, via),
    }),
  });
  return { outcome };
}

/** An answer by a plain signal, whose sender learns nothing: what is wrong with it is shown by the query and in the record. */
export function answerBySignal(task: Task, payload: Answer): void {
  const problem = answerProblem(task.state, payload, 'signal');
  const about = aboutAnswer(payload);
  noteMessage(task, { kind: 'decide', payload, via: 'signal' }, about, problem?.message ?? null);
  if (problem === undefined) {
    takeAnswer(task, payload, 'signal');
    return;
  }
  const approvalId = typeof payload?.approvalId === 'string' ? payload.approvalId.slice(0, 80) : '';
  task.apply({ type: 'answer_refused', approvalId, reason: problem.message, atMs: Date.now() });
}
