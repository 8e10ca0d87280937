import type { Changed } from '../../contracts/change.ts';
import { field, type Line, line } from '../terminal/line.ts';
import { counted, formatUsd } from './format.ts';

const labelWidth = 12;

/** What holds after a change, whole. Pure. */
export function changedLines(
  taskId: string,
  { budget, model, constraints, withdrawn }: Changed,
): readonly Line[] {
  const money = budget.maxUsd === null ? 'no limit in USD' : formatUsd(budget.maxUsd);
  return [
    line(`Changed ${taskId}; from its next plan on:`),
    field(2, labelWidth, 'budget', `${counted(budget.maxIterations, 'iteration')}, ${money}`),
    field(2, labelWidth, 'model', model),
    field(2, labelWidth, 'constraints', constraints === 0 ? 'none' : String(constraints)),
    ...withdrawn.map((id) => field(2, labelWidth, 'not asked', `${id} any more`)),
  ];
}
