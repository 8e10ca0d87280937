import type { PlanStep } from '../../contracts/action.ts';
import { type Line, lineAt, type Tone, tone } from '../terminal/line.ts';

const marks = {
  completed: { text: '[x] ', tone: 'good' },
  in_progress: { text: '[>] ', tone: 'accent' },
  pending: { text: '[ ] ', tone: 'dim' },
} as const satisfies Record<PlanStep['status'], { readonly text: string; readonly tone: Tone }>;

/** The plan, a step a line. */
export function planLines(indent: number, steps: readonly PlanStep[]): readonly Line[] {
  return steps.map(({ step, status }) => {
    const mark = marks[status];
    const text = status === 'completed' ? tone('dim', step) : tone('plain', step);
    return { ...lineAt(indent, tone(mark.tone, mark.text), text), hang: indent + mark.text.length };
  });
}

/** The steps that were not in the plan before, or not in this state: what a person has not read yet. */
export function newSteps(before: readonly PlanStep[], now: readonly PlanStep[]): readonly PlanStep[] {
  return now.filter((step) => !before.some((old) => old.step === step.step && old.status === step.status));
}

/** `plan 2/5: fix the parser`. */
export function planSummary(steps: readonly PlanStep[]): string {
  const done = steps.filter((step) => step.status === 'completed').length;
  const current = steps.find((step) => step.status === 'in_progress');
  return `plan ${done}/${steps.length}${current === undefined ? '' : `: ${current.step}`}`;
}
