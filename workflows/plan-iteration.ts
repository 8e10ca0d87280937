import type { Paid, PlanInput, PlanOutput, Steer } from '../contracts/activities.ts';
import type { Budget, Usage } from '../contracts/budget.ts';
import type { TaskState } from '../contracts/task-state.ts';
import { askOne } from './ask-people.ts';
import { orAsk } from './faults.ts';
import { pace } from './pace.ts';
import { beginPlanning, charged, type PlanProgress, paidOfFailure } from './plan-progress.ts';
import { prepared } from './prepared.ts';
import { plan } from './stages.ts';
import { endIfAsked, StopTask } from './stop-task.ts';
import { takeUpChanges } from './take-up-changes.ts';
import type { Task } from './task.ts';

/** Of steers, and of notices: at most three bytes each, well below what an activity's input may hold. */
const maxMessageCharacters = 8500;
/** What a steer takes besides its words. */
const steerFrame = 20;

/** Longer, as JSON, they would fill history: policy is asked in a stage of its own then. */
const maxStandingCharacters = 2000;

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
    endIfAsked(task);
    while (task.state.usage.iterations >= task.state.budget.maxIterations) {
      await askForMore(task, iterationsUsedUp(task.state));
    }
    await takeUpChanges(task);
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
    // A rule that was added while the model answered would not be in them.
    const ahead = input.standing?.length === task.state.standing.length;
    return { ...planned, steers, decisions: ahead ? (planned.decisions ?? null) : null };
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
    model: state.wantedModel,
    constraintsDigest: state.constraints.digest,
    contextDigest,
    transcript,
    compaction,
    paid,
    previousRecord: state.head,
    steers: firstFitting(
      state.steers.slice(steers.length),
      ({ text, by }) => text.length + by.length + steerFrame,
    ),
    notices: firstFitting(state.notices.slice(notices.length), (notice) => notice.length),
    steps: state.steps,
    pace: pace({
      iteration: state.iteration,
      files: state.files,
      stuckFor: state.stuckFor,
      budgetLeft: budgetLeft(state.budget, state.usage),
    }),
    budget: state.budget,
    usage: state.usage,
    standing: JSON.stringify(state.standing).length > maxStandingCharacters ? null : state.standing,
  };
}

function mayCost({ usage, budget }: Task['state'], estimatedUsd: number): string {
  const spent = (usage.costUsd ?? 0).toFixed(4);
  return `the next model call may cost ${estimatedUsd.toFixed(4)} USD, ${spent} of ${budget.maxUsd} USD is spent`;
}

/** As many as fit into one input, at least one; the others wait for the next plan. */
function firstFitting<T>(messages: readonly T[], lengthOf: (message: T) => number): readonly T[] {
  let characters = 0;
  return messages.filter((message, index) => {
    characters += lengthOf(message);
    return index === 0 || characters <= maxMessageCharacters;
  });
}

/** What is left of the tightest budget, 0 to 1. */
export function budgetLeft(budget: Budget, usage: Usage): number {
  const iterations = 1 - usage.iterations / budget.maxIterations;
  const money = budget.maxUsd === null || usage.costUsd === null ? 1 : 1 - usage.costUsd / budget.maxUsd;
  return Math.max(0, Math.min(iterations, money));
}

function iterationsUsedUp({ usage, budget }: TaskState): string {
  const { maxIterations } = budget;
  return usage.iterations === maxIterations
    ? `${maxIterations} iterations are used up`
    : `${usage.iterations} iterations are used, and at most ${maxIterations} may be`;
}

async function askForMore(task: Task, reason: string): Promise<void> {
  const { budget, budgetStep, usage } = task.state;
  const more: Budget = {
    maxUsd: budget.maxUsd === null || budgetStep.maxUsd === null ? null : budget.maxUsd + budgetStep.maxUsd,
    // A person may have lowered it below what is used already: granting must be worth an iteration.
    maxIterations: Math.max(budget.maxIterations, usage.iterations) + budgetStep.maxIterations,
  };
  const money = more.maxUsd === null ? '' : ` and ${more.maxUsd} USD`;
  const title = `More budget: up to ${more.maxIterations} iterations${money} in all?`;
  const { outcome } = await askOne(task, 'budget', { subject: 'budget', title, detail: reason });
  // Withdrawn: a person has set another budget, so it is looked at again.
  if (outcome === 'withdrawn') return;
  if (outcome !== 'granted') throw new StopTask('stopped', `the budget is used up: ${reason}`);
  task.apply({ type: 'budget_raised', budget: more });
}
