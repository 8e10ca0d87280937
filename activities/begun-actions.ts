import type { Action } from '../contracts/action.ts';
import type { ExecuteInput, ExecuteOutput } from '../contracts/activities.ts';
import type { LeaseId, StepId } from '../contracts/ids.ts';
import type { Observation } from '../contracts/observation.ts';
import type { Step } from '../contracts/sandbox.ts';
import { notRun } from '../contracts/words/not-run.ts';
import type { HeldLease } from './hold-lease.ts';
import type { Ports } from './ports.ts';
import type { Pulse } from './pulse.ts';
import { effectSteps, observe, writingSteps } from './run-action.ts';

export type Executed = Omit<ExecuteOutput, 'evaluated'>;

/** Whether an action may have written into the workspace of this lease, by this try of the activity or by one before it. */
export async function hasBegun(
  { sandbox }: Pick<Ports, 'sandbox'>,
  leaseId: LeaseId,
  action: Action,
): Promise<boolean> {
  const begun = await Promise.all(writingSteps(action).map((stepId) => sandbox.began(leaseId, stepId)));
  return begun.includes(true);
}

/** The workspace is the checkpoint before; what had not begun is not run, since the model planned it on a workspace that is gone. */
export function afterLoss(
  input: ExecuteInput,
  lease: HeldLease,
  observations: readonly Observation[],
): Executed {
  const { workspace } = input;
  const known = new Map(observations.map((o) => [o.actionId, o]));
  return {
    observations: input.actions.map(
      (action) =>
        known.get(action.id) ??
        notRun(action, 'cancelled', 'not run: the sandbox was lost before its turn came'),
    ),
    checkpoint: {
      before: workspace.tree,
      after: workspace.tree,
      commit: workspace.commit,
      manifestDigest: workspace.manifestDigest,
      filesChanged: 0,
      linesChanged: 0,
      leftOut: [],
    },
    workspace: { ...workspace, leaseNumber: lease.leaseNumber },
    sandbox: lease.facts,
    sandboxLost: true,
  };
}

/** What the sandboxes that died under this activity know of its actions; null when none had begun, so that all may run now. */
export async function observationsOfDead(
  ports: Ports,
  input: ExecuteInput,
  dead: readonly LeaseId[],
  pulse: Pulse,
): Promise<readonly Observation[] | null> {
  for (const leaseId of dead) {
    const observations: Observation[] = [];
    for (const action of input.actions) {
      for (const stepId of effectSteps(action)) {
        if (!(await ports.sandbox.began(leaseId, stepId))) continue;
        const result = await ports.sandbox.exec(leaseId, probeStep(stepId), {
          signal: pulse.signal,
          onOutput: () => {},
        });
        observations.push(await observe(ports, action, result));
      }
    }
    if (observations.length > 0) return observations;
  }
  return null;
}

/** Asked of a dead sandbox, a step is only looked up. */
function probeStep(stepId: StepId): Step {
  return { stepId, argv: ['true'], cwd: '.', env: {}, stdin: null, timeoutMs: 1000, maxOutputBytes: 1024 };
}
