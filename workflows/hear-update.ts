import type { UpdateDefinition } from '@temporalio/common';
import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { Intervention } from '../contracts/intervention.ts';
import type { TaskState } from '../contracts/task-state.ts';
import type { MessageProblem } from './message-problem.ts';
import { noteMessage } from './sender.ts';
import type { Task } from './task.ts';

export interface UpdateRules<R, P> {
  readonly kind: Intervention['kind'];
  /** Whatever the task is like: such an update leaves nothing behind. */
  malformed(payload: P): MessageProblem | undefined;
  /** As the task is now: such an update fails, and the record keeps it. */
  problem(state: TaskState, payload: P): MessageProblem | undefined;
  about(payload: P): string;
  take(task: Task, payload: P): R;
}

/** So many refusals are kept between two records; what is refused beyond leaves nothing, so that a flood does not fill history. */
const maxRefusedKept = 50;

/** Takes an update by its rules, with a definite answer to its sender; both halves are synchronous, as Temporal's validators must be. */
export function hearUpdate<R, P>(
  task: Task,
  definition: UpdateDefinition<R, [P]>,
  { kind, malformed, problem, about, take }: UpdateRules<R, P>,
): void {
  const handler = (payload: P): R => {
    const found = problem(task.state, payload);
    noteMessage(task, { kind, payload, via: 'update' }, about(payload), found?.message ?? null);
    if (found) throw failureOf(found);
    return take(task, payload);
  };
  const validator = (payload: P): void => {
    const flooded = refusedKept(task.state) >= maxRefusedKept;
    const found =
      malformed(payload) ?? endedProblem(task.state) ?? (flooded ? problem(task.state, payload) : undefined);
    if (found) throw failureOf(found);
  };
  setHandler(definition, handler, { validator });
}

function refusedKept({ interventions }: TaskState): number {
  return interventions.filter(({ refused }) => refused !== null).length;
}

/** Between its end and its last words a task still answers. */
function endedProblem({ taskId, outcome }: TaskState): MessageProblem | undefined {
  return outcome === null
    ? undefined
    : { code: 'task.ended', message: `the task ${taskId} has ended: ${outcome.status}` };
}

function failureOf({ code, message }: MessageProblem): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message, nonRetryable: true });
}
