import type { EvaluateInput } from '../contracts/activities.ts';
import type { Evaluation } from '../contracts/evaluation.ts';
import type { Observation } from '../contracts/observation.ts';
import type { TaskOutcome, TaskState } from '../contracts/task-state.ts';
import { authorizeActions, notRun } from './authorize-actions.ts';
import { deliverTask } from './delivery.ts';
import { orAsk } from './faults.ts';
import { pace } from './pace.ts';
import { budgetLeft, type Planned, planIteration } from './plan-iteration.ts';
import { prepared } from './prepared.ts';
import { begun, type Happened, recordIteration, recordUnfinished } from './record-iteration.ts';
import { evaluate, execute } from './stages.ts';
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
    happened = { ...happened, decided: await authorizeActions(task, planned.actions) };
    const overtaken = overtakenBy(task.state);
    happened = { ...happened, ...(await executeAllowed(task, happened, overtaken)) };
    if (overtaken !== null) endIfAsked(task);
    const evaluation = await judge(task, planned, happened.observations);
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

/** Why no action of this iteration is worth running any more; null otherwise. */
function overtakenBy({ ending, rollbackTo }: TaskState): string | null {
  if (ending !== null) return `not run: ${ending.by} cancelled the task before its turn came`;
  if (rollbackTo === null) return null;
  return `not run: the workspace goes back to the end of iteration ${rollbackTo}`;
}

async function executeAllowed(
  task: Task,
  { decided, checkpoint: unchanged }: Happened,
  overtaken: string | null,
) {
  const { specDigest, contextDigest } = prepared(task.state);
  const actions = decided.filter((d) => d.observation === null).map((d) => d.action);
  const settled = decided.flatMap((d) => d.observation ?? []);
  if (overtaken !== null) {
    const skipped = actions.map((action) => notRun(action, 'cancelled', overtaken));
    return { observations: [...settled, ...skipped], checkpoint: unchanged };
  }
  if (actions.length === 0) return { observations: settled, checkpoint: unchanged };
  const { taskId, iteration } = task.state;
  const timestampMs = Date.now();
  const run = () =>
    execute({
      taskId,
      iteration,
      specDigest,
      contextDigest,
      workspace: prepared(task.state).workspace,
      actions,
      timestampMs,
    });
  const done = await orAsk(task, 'execute', run, { keepSandbox: true });
  task.apply({
    type: 'executed',
    workspace: done.workspace,
    sandbox: done.sandbox,
    sandboxLost: done.sandboxLost,
  });
  return { observations: [...settled, ...done.observations], checkpoint: done.checkpoint };
}

async function judge(
  task: Task,
  planned: Planned,
  observations: readonly Observation[],
): Promise<Evaluation> {
  const { state } = task;
  const { specDigest, contextDigest } = prepared(state);
  const { checkDepth } = pace({
    iteration: state.iteration,
    files: state.files,
    stuckFor: state.stuckFor,
    budgetLeft: budgetLeft(state.budget, state.usage),
  });
  const last = lastEvaluation(state);
  const actionsDigest = planned.actions.map((a) => a.digest).join(' ');
  const judged = await orAsk(task, 'evaluate', () =>
    evaluate({
      taskId: state.taskId,
      iteration: state.iteration,
      specDigest,
      contextDigest,
      workspace: prepared(task.state).workspace,
      checks: state.checks,
      depth: planned.done ? 'all' : checkDepth,
      modelSaysDone: planned.done,
      repeatedActions: actionsDigest !== '' && actionsDigest === state.lastActions,
      last,
      stuckFor: state.stuckFor,
      best: state.best,
    }),
  );
  const { evaluation, workspace, stuckFor } = judged;
  task.apply({
    type: 'evaluated',
    evaluation,
    workspace,
    stuckFor,
    actions: observations.length > 0 ? actionsDigest : state.lastActions,
  });
  return evaluation;
}

/** The evaluation to compare with: the iteration's before, at first the baseline; none when the workspace was set back. */
function lastEvaluation({ evaluation, evaluatedTree, checks }: TaskState): EvaluateInput['last'] {
  if (evaluatedTree === null) return null;
  if (evaluation !== null) {
    const { checks: results, failureSignature, progress } = evaluation;
    return { tree: evaluatedTree, checks: results, failureSignature, progress };
  }
  const results = checks.map((check) => check.baseline);
  const passed = results.filter((result) => result.status === 'passed').length;
  return {
    tree: evaluatedTree,
    checks: results,
    failureSignature: '',
    progress: passed / Math.max(1, results.length),
  };
}
