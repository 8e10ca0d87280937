import type { Command } from 'commander';
import { LonghaulError } from '../../contracts/error.ts';
import type { TaskState } from '../../contracts/task-state.ts';
import type { Platform } from '../platform.ts';
import { changedLines } from '../view/changed-lines.ts';
import { formatUsd } from '../view/format.ts';
import { ChangeOptionsSchema, changeOf } from './change-options.ts';
import { defineVerb, parseUsage, type VerbContext } from './define-verb.ts';
import { tellTask } from './tell-task.ts';

const collect = (text: string, before: readonly string[] = []) => [...before, text];

export function addChangeVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'change <task>',
    summary: 'give a running task another budget, model or other constraints',
    more: 'Holds from the next plan on; what runs is not touched. A question for more budget is not asked any more once the budget is changed: the task goes on where the new one allows it and asks anew where it does not, also when it is below what is spent.',
    example:
      'change fix-the-date-bug-x7k2p --budget-usd 10 --max-iterations 80\nchange fix-the-date-bug-x7k2p --constraint "Leave src/legacy alone"',
    json: 'what holds now as one object',
  })
    .option('--budget-usd <usd>', 'at most so much in all, or none for no limit')
    .option('--max-iterations <n>', 'at most so many in all')
    .option('--model <name>', 'the model of the next call')
    .option('--constraint <text>', 'one more constraint; may be given several times', collect)
    .option('--replace-constraints', 'the constraints given here instead of all that hold')
    .action(async (task: string, raw: unknown) => {
      const options = parseUsage(ChangeOptionsSchema, raw);
      changeOf(options, platform.user, null);
      await tellTask(platform, task, options, async ({ client, taskId, state, saw }) => {
        await refuseUnpriced(platform, options.model, options.budgetUsd, state);
        const changed = await client.change(taskId, changeOf(options, platform.user, saw));
        return {
          json: { type: 'task.changed', taskId, ...changed, saw },
          lines: changedLines(taskId, changed),
        };
      });
    });
}

/** A limit in money that cannot be counted would stop the task at its next call. */
async function refuseUnpriced(
  platform: Platform,
  model: string | undefined,
  budgetUsd: number | null | undefined,
  state: TaskState | null,
): Promise<void> {
  const limit = budgetUsd === undefined ? (state?.budget.maxUsd ?? null) : budgetUsd;
  if (model === undefined || limit === null) return;
  const facts = await platform.model(model);
  if (facts.priceKnown) return;
  throw new LonghaulError(
    'model.unknown_price',
    `The task has a budget of ${formatUsd(limit)}, and no price is known for ${model}: give it one in models.yaml, or add --budget-usd none.`,
  );
}
