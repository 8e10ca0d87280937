import type { Paid, PlanInput, PlanOutput, Steer } from '../contracts/activities.ts';
import type { Budget, Usage } from '../contracts/budget.ts';
import { askPeople, questionId } from './ask-people.ts';
import { orAsk, StopTask } from './faults.ts';
import { pace } from './pace.ts';
import { beginPlanning, charged, type PlanProgress, paidOfFailure } from './plan-progress.ts';
import { prepared } from './prepared.ts';
import { plan } from './stages.ts';
import type { Task } from './task.ts';

/** At most three bytes each: well below what an activity's input may hold. */
const maxSteerCharacters = 8000;

export type Planned = Extract<PlanOutput, { status: 'planned' }> & { readonly steers: readonly Steer[] };

/** One model response. Money is reserved before the call: one that might exceed the budget is not made before a person grants more. */
export async function planIteration(task: Task): Promise<Planned> {
  const before = task.state.usage;
  let progress = beginPlanning(task.state);
  const note = (paid: Paid) => {
    progress = { ...progress, paid };
    task.apply({ type: 'paid', usage: charged(before, task.state.usage, paid, 0) });
  };
  for (;;) {
    if (task.state.usage.iterations >= task.state.budget.maxIterations) {
      await askForMore(task, `${task.state.budget.maxIterations} iterations are used up`);
    }
    let input = inputOf(task, progress);
    const planned = await orAsk(task, 'plan', async () => {
      input = inputOf(task, progress);
      try {
        return await plan(input);
      } catch (error) {
        const paid = paidOfFailure(error);
        if (paid !== undefined) note(paid);
        throw error;
      }
    });
    if (planned.status === 'over_budget') {
      await askForMore(task, mayCost(task.state, planned.estimatedUsd));
      continue;
    }
    // What people said while the model answered stays for the next iteration.
    const steers = [...progress.steers, ...input.steers];
    const notices = [...progress.notices, ...input.notices];
    if (planned.status === 'compacted') {
      const { transcript, compaction, paid } = planned;
      progress = { transcript, compaction, paid, steers, notices };
      note(paid);
      continue;
    }
    const { transcript, steps, record } = planned;
    task.apply({
      type: 'planned',
      transcript,
      steps,
      model: record.model,
      usage: charged(before, task.state.usage, record, 1),
      steersRead: steers.length,
      noticesRead: notices.length,
    });
    return { ...planned, steers };
  }
}

function inputOf(task: Task, progress: PlanProgress): PlanInput {
  const { state } = task;
  const { specDigest, contextDigest } = prepared(state);
  const { transcript, compaction, paid, steers, notices } = progress;
  return {
    taskId: state.taskId,
    iteration: state.iteration,
    specDigest,
    contextDigest,
    transcript,
    compaction,
    paid,
    previousRecord: state.head,
    steers: firstSteers(state.steers.slice(steers.length)),
    notices: state.notices.slice(notices.length),
    steps: state.steps,
    pace: pace({
      iteration: state.iteration,
      files: state.files,
      stuckFor: state.stuckFor,
      budgetLeft: budgetLeft(state.budget, state.usage),
    }),
    budget: state.budget,
    usage: state.usage,
  };
}

function mayCost({ usage, budget }: Task['state'], estimatedUsd: number): string {
  const spent = (usage.costUsd ?? 0).toFixed(4);
  return `the next model call may cost ${estimatedUsd.toFixed(4)} USD, ${spent} of ${budget.maxUsd} USD is spent`;
}

/** As many as fit into one input, at least one; the others wait for the next plan. */
function firstSteers(steers: readonly Steer[]): readonly Steer[] {
  let characters = 0;
  return steers.filter(({ text }, index) => {
    characters += text.length;
    return index === 0 || characters <= maxSteerCharacters;
  });
}

/** What is left of the tightest budget, 0 to 1. */
export function budgetLeft(budget: Budget, usage: Usage): number {
  const iterations = 1 - usage.iterations / budget.maxIterations;
  const money = budget.maxUsd === null || usage.costUsd === null ? 1 : 1 - usage.costUsd / budget.maxUsd;
  return Math.max(0, Math.min(iterations, money));
}

async function askForMore(task: Task, reason: string): Promise<void> {
  const { budget, budgetStep } = task.state;
  const more: Budget = {
    maxUsd: budget.maxUsd === null || budgetStep.maxUsd === null ? null : budget.maxUsd + budgetStep.maxUsd,
    maxIterations: budget.maxIterations + budgetStep.maxIterations,
  };
  const approvalId = questionId(task, 'budget');
  const money = more.maxUsd === null ? '' : ` and ${more.maxUsd} USD`;
  const answers = await askPeople(task, [
    {
      approvalId,
      subject: 'budget',
      title: `More budget: up to ${more.maxIterations} iterations${money} in all?`,
      details: [reason],
      action: null,
      decision: null,
    },
  ]);
  if (answers.get(approvalId)?.outcome !== 'granted')
    throw new StopTask('stopped', `the budget is used up: ${reason}`);
  task.apply({ type: 'budget_raised', budget: more });
}
