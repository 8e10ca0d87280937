import type { TaskSpec } from '../../contracts/task.ts';
import { field, type Line } from '../terminal/line.ts';
import { counted, formatUsd } from './format.ts';

const labelWidth = 12;

/** What a person asked for, as far as the task's own events do not say it. */
export function askedLines(spec: TaskSpec): readonly Line[] {
  const list = (label: string, texts: readonly string[]) =>
    texts.map((text, index) => field(2, labelWidth, index === 0 ? label : '', text));
  const ref = spec.ref === null ? [] : [field(2, labelWidth, 'ref', spec.ref)];
  return [
    ...ref,
    field(2, labelWidth, 'budget', budgetText(spec)),
    ...list(
      'checks',
      spec.checks.map(({ command }) => command),
    ),
    ...list('setup', spec.setup),
    ...list('constraints', spec.constraints),
    ...list('paths', spec.paths),
    ...(spec.includeChanges
      ? [field(2, labelWidth, 'changes', 'the uncommitted ones are part of the task')]
      : []),
  ];
}

function budgetText({ budget }: TaskSpec): string {
  const money = budget.maxUsd === null ? 'no limit in USD' : formatUsd(budget.maxUsd);
  return `${counted(budget.maxIterations, 'iteration')}, ${money}`;
}
