import type { Evaluation } from '../contracts/evaluation.ts';
import type { TaskOutcome } from '../contracts/task-state.ts';
import { notRun } from '../contracts/words/not-run.ts';
import { authorizeActions } from './authorize-actions.ts';
import { deliverTask } from './delivery.ts';
import { orAsk } from './faults.ts';
import { evaluateInput, judge } from './judge.ts';
import { overtakenBy } from './overtaken.ts';
import { planIteration } from './plan-iteration.ts';
import { begun, type Happened, recordIteration, recordUnfinished } from './record-iteration.ts';
import { execute } from './stages.ts';
import { endIfAsked, endsTask } from './stop-task.ts';
import type { Task } from './task.ts';
import { heard } from './unread.ts';

export interface IterationEnd {
  readonly evaluation: Evaluation;
  /** Set when the task was delivered. */
  readonly outcome: TaskOutcome | null;
}

/** One pass of the loop: plan, authorize, execute, evaluate, deliver when that is what comes next, record. */
export async function runIteration(task: Task): Promise<IterationEnd> {
  task.apply({ type: 'iteration_started' });
  const startedAtMs = Date.now();
  const waitedBefore = task.state.usage.waitedForPeopleMs;
  const planned = await planIteration(task);
  let happened = begun(task, planned, { startedAtMs, waitedBefore });
  try {
    happened = { ...happened, decided: await authorizeActions(task, planned) };
    const overtaken = overtakenBy(task.state);
    const { evaluated, ...executed } = await executeAllowed(task, happened, overtaken);
    happened = { ...happened, ...executed };
    if (overtaken !== null) endIfAsked(task);
    const evaluation = await judge(task, planned, happened.observations, evaluated);
    const judged = heard(task.state, evaluation);
    const delivery = judged.next === 'deliver' ? await deliverTask(task, judged) : null;
    happened = { ...happened, evaluation: delivery?.evaluation ?? judged, delivery };
    await recordIteration(task, happened);
  } catch (error) {
    await recordUnfinished(task, happened, error);
    // A branch that is published is there, whatever came after it.
    if (!happened.delivery?.outcome || !endsTask(error)) throw error;
  }
  return { evaluation: happened.evaluation, outcome: happened.delivery?.outcome ?? null };
}

async function executeAllowed(
  task: Task,
  { planned, decided, checkpoint: unchanged }: Happened,
  overtaken: string | null,
) {
  const actions = decided.filter((d) => d.observation === null).map((d) => d.action);
  const settled = decided.flatMap((d) => d.observation ?? []);
  if (overtaken !== null) {
    const skipped = actions.map((action) => notRun(action, 'cancelled', overtaken));
    return { observations: [...settled, ...skipped], checkpoint: unchanged, evaluated: null };
  }
  if (actions.length === 0) return { observations: settled, checkpoint: unchanged, evaluated: null };
  const timestampMs = Date.now();
  const run = () => execute({ ...evaluateInput(task, planned), actions, timestampMs });
  const done = await orAsk(task, 'execute', run, { keepSandbox: true });
  task.apply({
    type: 'executed',
    workspace: done.workspace,
    sandbox: done.sandbox,
    sandboxLost: done.sandboxLost,
  });
  const { checkpoint, evaluated } = done;
  return { observations: [...settled, ...done.observations], checkpoint, evaluated };
}
