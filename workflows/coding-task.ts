import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  makeContinueAsNewFunc,
  workflowInfo,
} from '@temporalio/workflow';
import type { TaskSpec } from '../contracts/task.ts';
import type { CodingTaskInput, TaskOutcome, TaskState } from '../contracts/task-state.ts';
import { faultText } from './fault.ts';
import { orFail } from './faults.ts';
import { follow, goBack } from './follow.ts';
import { endLease } from './give-sandbox-back.ts';
import { initialState } from './initial-state.ts';
import { runIteration } from './iteration.ts';
import { listen } from './messages.ts';
import { newRunDue } from './run-limit.ts';
import { fetchRepository, perceive, releaseSandboxes } from './stages.ts';
import { cancelReason, endIfAsked, StopTask } from './stop-task.ts';
import { createTask, type Task } from './task.ts';
import { tellOfEnd } from './tell.ts';

/** A coding task from its instruction to a delivered branch, over any number of restarts, days and people. */
export async function codingTask(input: CodingTaskInput): Promise<TaskOutcome> {
  const task = createTask(input.type === 'start' ? initialState(input.spec) : input.state);
  const scope = new CancellationScope({ cancellable: true });
  listen(task, () => scope.cancel());
  const outcome = await ending(task, () =>
    scope.run(async () => {
      if (input.type === 'start') await prepare(task, input.spec);
      return loop(task);
    }),
  );
  task.apply({ type: 'finished', outcome });
  await CancellationScope.nonCancellable(async () => {
    await tellOfEnd(task.state, outcome);
    await condition(allHandlersFinished);
  });
  return withUnrecorded(task.state, outcome);
}

async function prepare(task: Task, spec: TaskSpec): Promise<void> {
  const fetched = await orFail(() => fetchRepository({ spec }));
  task.apply({ type: 'fetched', fetched });
  const { taskId } = spec;
  const { specDigest, workspace } = fetched;
  const timestampMs = Date.now();
  const perceived = await orFail(() => perceive({ taskId, specDigest, workspace, timestampMs }));
  task.apply({ type: 'perceived', ...perceived });
  await endLease(task, 'iteration');
}

async function loop(task: Task): Promise<TaskOutcome> {
  for (;;) {
    await whilePaused(task);
    endIfAsked(task);
    if (newRunDue(task.state, workflowInfo())) await beginNewRun(task);
    if (task.state.rollbackTo !== null) await goBack(task, task.state.rollbackTo, 'A person', true);
    const end = await runIteration(task);
    const outcome = end.outcome ?? (await follow(task, end));
    if (outcome !== null) return outcome;
    await endLease(task, 'iteration');
  }
}

/** Does not come back. */
async function beginNewRun(task: Task): Promise<void> {
  await endLease(task, 'task');
  // No message may be lost: a handler that still runs would change a state that has been carried over already.
  await condition(allHandlersFinished);
  // A cancellation that arrived just now would not reach the next run.
  if (CancellationScope.current().consideredCancelled) await CancellationScope.current().cancelRequested;
  task.apply({ type: 'continued_as_new' });
  // A run stays on the version that began it; the next one belongs to the version that is current by then.
  const nextRun = makeContinueAsNewFunc<typeof codingTask>({ initialVersioningBehavior: 'AUTO_UPGRADE' });
  await nextRun({ type: 'continue', state: task.state });
}

async function whilePaused(task: Task): Promise<void> {
  while (task.state.paused) {
    // A soft cancel that came while something ran: nothing runs any more.
    endIfAsked(task);
    task.apply({ type: 'held' });
    await condition(() => task.state.status !== 'paused' || task.state.rollbackTo !== null);
    if (task.state.rollbackTo !== null) await goBack(task, task.state.rollbackTo, 'A person', true);
  }
}

/** Turns every way to end into an outcome, and leaves no sandbox behind. Continue-as-new and bugs pass through. */
async function ending(task: Task, run: () => Promise<TaskOutcome>): Promise<TaskOutcome> {
  const outcome = await run().catch((error: unknown) => {
    if (error instanceof StopTask) return notDelivered(task.state, error.status, error.message);
    if (isCancellation(error)) return notDelivered(task.state, 'cancelled', cancelReason(task.state));
    const fault = faultText(error);
    if (fault === undefined) throw error;
    return notDelivered(task.state, 'failed', fault);
  });
  // What has come of the task stands, also where its sandboxes cannot be reached any more.
  await CancellationScope.nonCancellable(() => releaseSandboxes({ taskId: task.state.taskId })).catch(
    ifFault,
  );
  return outcome;
}

/** What people said after the last record is in no record: the task's result has it. */
function withUnrecorded({ interventions }: TaskState, outcome: TaskOutcome): TaskOutcome {
  return interventions.length === 0 ? outcome : { ...outcome, interventions: interventions.slice(-40) };
}

function ifFault(error: unknown): void {
  if (faultText(error) === undefined) throw error;
}

function notDelivered(
  { taskId, usage }: TaskState,
  status: 'stopped' | 'failed' | 'cancelled',
  reason: string,
): TaskOutcome {
  return {
    taskId,
    status,
    branch: null,
    commit: null,
    baseMovedBy: null,
    mergesCleanly: null,
    iterations: usage.iterations,
    usage,
    reason,
  };
}
