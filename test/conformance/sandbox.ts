import { sandboxCheckpoints } from './sandbox-checkpoints.ts';
import { sandboxLives } from './sandbox-lives.ts';
import { sandboxManyFiles } from './sandbox-many-files.ts';
import { sandboxSetup } from './sandbox-setup.ts';
import { sandboxSteps } from './sandbox-steps.ts';
import type { MakeSandbox } from './sandbox-support.ts';
import { sandboxWalls } from './sandbox-walls.ts';

const suites = {
  lives: sandboxLives,
  steps: sandboxSteps,
  walls: sandboxWalls,
  checkpoints: sandboxCheckpoints,
  manyFiles: sandboxManyFiles,
  setup: sandboxSetup,
} as const;

/** What every sandbox must do. `skip` names suites that an adapter cannot run on this machine, never ones that it fails. */
export function sandboxConformance(
  name: string,
  make: MakeSandbox,
  options: { readonly skip: readonly (keyof typeof suites)[] },
): void {
  for (const [suite, define] of Object.entries(suites)) {
    if (!options.skip.some((skipped) => skipped === suite)) define(name, make);
  }
}
