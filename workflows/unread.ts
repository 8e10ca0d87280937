import type { Evaluation } from '../contracts/evaluation.ts';
import type { TaskState } from '../contracts/task-state.ts';

/** Whether people have said or asked for something that no plan has taken up yet. */
export function hasUnread({ steers, rollbackTo, paused, constraintChanges, ending }: TaskState): boolean {
  const unread = steers.length > 0 || constraintChanges.length > 0;
  return unread || rollbackTo !== null || paused || ending !== null;
}

/** The evaluation as it is followed: a task does not end over what a person has just said. */
export function heard(state: TaskState, evaluation: Evaluation): Evaluation {
  const ends = evaluation.next === 'deliver' || evaluation.next === 'stop';
  if (!ends || !hasUnread(state)) return evaluation;
  return {
    ...evaluation,
    next: 'continue',
    reason: 'a person said something that the model has not read yet',
  };
}
