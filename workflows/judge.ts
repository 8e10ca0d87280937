import type { EvaluateInput, EvaluateOutput } from '../contracts/activities.ts';
import type { Evaluation } from '../contracts/evaluation.ts';
import type { Observation } from '../contracts/observation.ts';
import type { TaskState } from '../contracts/task-state.ts';
import { orAsk } from './faults.ts';
import { pace } from './pace.ts';
import { budgetLeft, type Planned } from './plan-iteration.ts';
import { prepared } from './prepared.ts';
import { evaluate } from './stages.ts';
import type { Task } from './task.ts';

/** Evaluates the workspace, unless that was done where the actions were executed because no check had to run for it. */
export async function judge(
  task: Task,
  planned: Planned,
  observations: readonly Observation[],
  evaluated: EvaluateOutput | null,
): Promise<Evaluation> {
  const judged = evaluated ?? (await orAsk(task, 'evaluate', () => evaluate(evaluateInput(task, planned))));
  const { evaluation, workspace, stuckFor } = judged;
  task.apply({
    type: 'evaluated',
    evaluation,
    workspace,
    stuckFor,
    actions: observations.length > 0 ? actionsDigest(planned) : task.state.lastActions,
  });
  return evaluation;
}

/** What an evaluation goes by; the same before and after the actions, but for the workspace. */
export function evaluateInput({ state }: Task, planned: Planned): EvaluateInput {
  const { specDigest, contextDigest, workspace } = prepared(state);
  const { checkDepth } = pace({
    iteration: state.iteration,
    files: state.files,
    stuckFor: state.stuckFor,
    budgetLeft: budgetLeft(state.budget, state.usage),
  });
  const digest = actionsDigest(planned);
  return {
    taskId: state.taskId,
    iteration: state.iteration,
    specDigest,
    contextDigest,
    workspace,
    checks: state.checks,
    depth: planned.done ? 'all' : checkDepth,
    modelSaysDone: planned.done,
    repeatedActions: digest !== '' && digest === state.lastActions,
    last: lastEvaluation(state),
    stuckFor: state.stuckFor,
    best: state.best,
  };
}

function actionsDigest(planned: Planned): string {
  return planned.actions.map((a) => a.digest).join(' ');
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
