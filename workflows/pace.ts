import type { Pace } from '../contracts/activities.ts';

export interface PaceFacts {
  readonly iteration: number;
  /** Files in the repository. */
  readonly files: number;
  readonly stuckFor: number;
  /** What is left of the tightest budget, 0 to 1. */
  readonly budgetLeft: number;
}

const largeRepositoryFiles = 20_000;

/** How boldly the next iteration goes: staged at first, careful on large repositories, deeper when stuck, all checks when the budget ends. */
export function pace(facts: PaceFacts): Pace {
  const large = facts.files >= largeRepositoryFiles;
  const early = facts.iteration <= 2;
  const ending = facts.budgetLeft < 0.1;
  return {
    maxActions: actionsFor(early, large),
    effort: effortFor(facts.stuckFor, early),
    checkDepth: ending || facts.stuckFor >= 3 ? 'all' : 'affected',
  };
}

function actionsFor(early: boolean, large: boolean): number {
  if (early) return large ? 4 : 6;
  return large ? 8 : 12;
}

function effortFor(stuckFor: number, early: boolean): Pace['effort'] {
  if (stuckFor >= 3) return 'high';
  return stuckFor > 0 || !early ? 'medium' : 'low';
}
