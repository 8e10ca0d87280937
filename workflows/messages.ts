import { defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import type { Answer } from '../contracts/approval.ts';
import type { Change, Changed } from '../contracts/change.ts';
import type { TaskState } from '../contracts/task-state.ts';
import { messageName } from '../contracts/words/messages.ts';
import { answerProblem, malformedAnswer } from './answer.ts';
import { requestCancel } from './cancel.ts';
import { aboutChange, changeProblem, makeChange, malformedChange } from './change.ts';
import { aboutAnswer, answerBySignal, type Decided, takeAnswer } from './decide-message.ts';
import { hearUpdate } from './hear-update.ts';
import { overtakenBy } from './overtaken.ts';
import {
  malformedRollback,
  type RollbackRequest,
  requestRollback,
  rollbackProblem,
} from './rollback-request.ts';
import { noteMessage } from './sender.ts';
import { steered } from './steer-message.ts';
import type { Task } from './task.ts';

interface By {
  readonly by: string;
}

export const decideUpdate = defineUpdate<Decided, [Answer]>(messageName.decide);
export const decisionSignal = defineSignal<[Answer]>(messageName.decision);
export const steerSignal = defineSignal<[{ readonly text: string } & By]>(messageName.steer);
export const pauseSignal = defineSignal<[By]>(messageName.pause);
export const resumeSignal = defineSignal<[By]>(messageName.resume);
export const cancelSignal = defineSignal<[By & { readonly mode?: 'soft' | 'now' }]>(messageName.cancel);
export const rollbackUpdate = defineUpdate<RollbackRequest, [RollbackRequest]>(messageName.rollback);
export const changeUpdate = defineUpdate<Changed, [Change]>(messageName.change);
export const statusQuery = defineQuery<TaskState>(messageName.status);
/** Asked by the stage that runs actions, before it begins another one. */
export const overtakenQuery = defineQuery<string | null>(messageName.overtaken);

/** Listens to people. Every handler is synchronous: nothing can interleave with the change of state it makes. */
export function listen(task: Task, cancel: () => void): void {
  setHandler(statusQuery, () => task.state);
  setHandler(overtakenQuery, () => overtakenBy(task.state));
  setHandler(decisionSignal, (answer) => answerBySignal(task, answer));
  setHandler(steerSignal, (steer) => steered(task, steer));
  setHandler(pauseSignal, (payload) => {
    noteMessage(task, { kind: 'pause', payload, via: 'signal' }, '');
    task.apply({ type: 'paused' });
  });
  setHandler(resumeSignal, (payload) => {
    noteMessage(task, { kind: 'resume', payload, via: 'signal' }, '');
    task.apply({ type: 'resumed' });
  });
  setHandler(cancelSignal, (payload) => requestCancel(task, payload, cancel));
  hearUpdate<Decided, Answer>(task, decideUpdate, {
    kind: 'decide',
    malformed: malformedAnswer,
    problem: (state, answer) => answerProblem(state, answer, 'update'),
    about: aboutAnswer,
    take: (_, answer) => takeAnswer(task, answer, 'update'),
  });
  hearUpdate<Changed, Change>(task, changeUpdate, {
    kind: 'change',
    malformed: malformedChange,
    problem: changeProblem,
    about: aboutChange,
    take: makeChange,
  });
  hearUpdate<RollbackRequest, RollbackRequest>(task, rollbackUpdate, {
    kind: 'rollback',
    malformed: malformedRollback,
    problem: rollbackProblem,
    about: ({ toIteration }) => `iteration ${toIteration}`,
    take: requestRollback,
  });
}
