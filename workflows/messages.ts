import {
  ApplicationFailure,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow';
import type { Answer, ApprovalRecord } from '../contracts/approval.ts';
import type { TaskState } from '../contracts/task-state.ts';
import { messageName } from '../contracts/words/messages.ts';
import { answerProblem, shown } from './answer.ts';
import type { Task } from './task.ts';

interface By {
  readonly by: string;
}

export const decideUpdate = defineUpdate<{ readonly outcome: Answer['outcome'] }, [Answer]>(
  messageName.decide,
);
export const decisionSignal = defineSignal<[Answer]>(messageName.decision);
export const steerSignal = defineSignal<[{ readonly text: string } & By]>(messageName.steer);
export const pauseSignal = defineSignal<[By]>(messageName.pause);
export const resumeSignal = defineSignal<[By]>(messageName.resume);
export const cancelSignal = defineSignal<[By]>(messageName.cancel);
export const rollbackUpdate = defineUpdate<
  { readonly toIteration: number },
  [{ readonly toIteration: number } & By]
>(messageName.rollback);
export const statusQuery = defineQuery<TaskState>(messageName.status);

const maxSteerCharacters = 8000;
/** The state that continue-as-new carries must stay below the server's limit of 2 MB. */
const maxSteers = 40;

/** Listens to people. Every handler is synchronous: nothing can interleave with the change of state it makes. */
export function listen(task: Task, cancel: () => void): void {
  setHandler(statusQuery, () => task.state);
  setHandler(decideUpdate, (answer) => count(task, answer, answer.by), {
    // Synchronous on purpose: the SDK drops a validator's promise, so an async one never refuses.
    validator: (answer) => {
      const problem = answerProblem(task.state.pending, answer, 'update');
      if (problem)
        throw ApplicationFailure.create({ type: problem.code, message: problem.message, nonRetryable: true });
    },
  });
  // A signal has no validator and no answer: what is wrong with it is decided here and shown by the query.
  setHandler(decisionSignal, (answer) => {
    const problem = answerProblem(task.state.pending, answer, 'signal');
    if (problem) {
      const approvalId = typeof answer?.approvalId === 'string' ? answer.approvalId.slice(0, 80) : '';
      task.apply({ type: 'answer_refused', approvalId, reason: problem.message, atMs: Date.now() });
    } else {
      count(task, answer, { name: answer.by?.name ?? 'unknown', proof: 'signal' });
    }
  });
  setHandler(steerSignal, (steer) => steered(task, steer));
  setHandler(pauseSignal, () => task.apply({ type: 'paused' }));
  setHandler(resumeSignal, () => task.apply({ type: 'resumed' }));
  setHandler(cancelSignal, cancel);
  setHandler(
    rollbackUpdate,
    ({ toIteration }) => {
      task.apply({ type: 'rollback_requested', toIteration });
      return { toIteration };
    },
    { validator: (request) => rejectRollback(task, request?.toIteration) },
  );
}

function steered(task: Task, steer: { readonly text?: unknown; readonly by?: unknown } | null): void {
  if (typeof steer?.text !== 'string' || steer.text.trim() === '') return;
  if (task.state.steers.length >= maxSteers) {
    const reason = `${maxSteers} messages wait for the next plan: this one was not taken, send it again later`;
    task.apply({ type: 'answer_refused', approvalId: 'steer', reason, atMs: Date.now() });
    return;
  }
  const by = typeof steer.by === 'string' && steer.by !== '' ? steer.by.slice(0, 200) : 'unknown';
  task.apply({ type: 'steered', steer: { text: steer.text.slice(0, maxSteerCharacters), by } });
}

function count(
  task: Task,
  answer: Answer,
  by: ApprovalRecord['by'] | undefined,
): { readonly outcome: Answer['outcome'] } {
  const approval = task.state.pending.find((p) => p.approvalId === answer.approvalId);
  if (!approval) throw new Error(`approval ${answer.approvalId} went away between validation and handling`);
  const scope = answer.scope ?? 'once';
  task.apply({
    type: 'answered',
    standingRule: scope === 'task' ? approval.standingRule : null,
    record: {
      approvalId: approval.approvalId,
      subject: approval.subject,
      actionId: approval.actionId,
      digest: approval.digest,
      outcome: answer.outcome,
      scope,
      editedDigest: answer.outcome === 'edited' ? (answer.editedDigest ?? null) : null,
      reason: answer.reason ?? '',
      by: by ?? { name: 'unknown', proof: 'signal' },
      openedAtMs: approval.openedAtMs,
      decidedAtMs: Date.now(),
    },
  });
  return { outcome: answer.outcome };
}

function rejectRollback(task: Task, toIteration: unknown): void {
  const last = task.state.iteration;
  if (
    typeof toIteration === 'number' &&
    Number.isInteger(toIteration) &&
    toIteration >= 0 &&
    toIteration < last
  )
    return;
  throw ApplicationFailure.create({
    type: 'usage.invalid',
    message: `expected an iteration from 0 (the base) to ${last - 1} to go back to, got ${shown(toIteration)}`,
    nonRetryable: true,
  });
}
