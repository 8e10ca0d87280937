import type { Action } from '../contracts/action.ts';
import type { ExecuteInput, ExecuteOutput, TaskActivities } from '../contracts/activities.ts';
import { errorCode, LonghaulError } from '../contracts/error.ts';
import type { LeaseId, StepId } from '../contracts/ids.ts';
import type { Observation } from '../contracts/observation.ts';
import { notRun } from '../contracts/words/not-run.ts';
import { afterLoss, type Executed, hasBegun, observationsOfDead } from './begun-actions.ts';
import { evaluateAtOnce } from './evaluate/evaluate.ts';
import { type HeldLease, holdLease, releaseEarlier } from './hold-lease.ts';
import { keepCheckpoint } from './keep-checkpoint.ts';
import { loadAction } from './load.ts';
import { type Overtaken, watchOvertaken } from './overtaken.ts';
import type { Ports } from './ports.ts';
import { type Pulse, withPulse } from './pulse.ts';
import { runAction } from './run-action.ts';
import { loadSetup } from './setup.ts';

/**
 * Runs the allowed actions in order and makes a checkpoint. At least once, with the effect of once: each action has a step id, and a step
 * that began in any sandbox of this task is never begun again.
 */
export function createExecute(ports: Ports): TaskActivities['execute'] {
  return (input) => withPulse('taking the sandbox', (pulse) => execute(ports, input, pulse));
}

const maxLosses = 3;

async function execute(ports: Ports, input: ExecuteInput, pulse: Pulse): Promise<ExecuteOutput> {
  const { taskId } = input;
  const overtaken = watchOvertaken(ports);
  await releaseEarlier(ports, taskId, input.workspace);
  const setup = await loadSetup(ports, input);
  let { leaseNumber } = input.workspace;
  const gone: LeaseId[] = [];
  for (let losses = 0; losses < maxLosses; losses++) {
    const workspace = { ...input.workspace, leaseNumber };
    const lease = await holdLease(ports, { taskId, workspace, setup }, pulse);
    gone.push(...lease.dead);
    if (await isToBeLeft(ports, lease, input.actions)) {
      // It stays until history knows its successor: until then it is what leads there.
      leaseNumber = lease.leaseNumber + 1;
      continue;
    }
    const earlier = await observationsOfDead(ports, input, gone, pulse);
    const done =
      earlier === null
        ? await runAll(ports, input, { lease, overtaken }, pulse)
        : afterLoss(input, lease, earlier);
    if (done !== null)
      return { ...done, evaluated: await evaluateAtOnce(ports, { ...input, workspace: done.workspace }) };
    gone.push(lease.leaseId);
    leaseNumber = lease.leaseNumber + 1;
  }
  throw new LonghaulError(
    'sandbox.start_failed',
    `the sandbox of ${taskId} was lost ${maxLosses} times before an action began: see the logs of its keepers`,
  );
}

/** Whether a sandbox that will end by itself is to be left for the next one: only while it holds nothing but the last checkpoint. */
async function isToBeLeft(
  ports: Ports,
  { leaseId, renewAtMs }: HeldLease,
  actions: readonly Action[],
): Promise<boolean> {
  if (renewAtMs === null || Date.now() < renewAtMs) return false;
  for (const action of actions) if (await hasBegun(ports, leaseId, action)) return false;
  return true;
}

/** Null when the sandbox was lost on the way; what it had begun is then to be asked of it. */
async function runAll(
  ports: Ports,
  input: ExecuteInput,
  { lease, overtaken }: { readonly lease: HeldLease; readonly overtaken: Overtaken },
  pulse: Pulse,
): Promise<Executed | null> {
  const observations: Observation[] = [];
  for (const action of input.actions) {
    const why = await overtaken();
    if (why !== null && !(await hasBegun(ports, lease.leaseId, action))) {
      observations.push(notRun(action, 'cancelled', why));
      continue;
    }
    const body = await loadAction(ports.artifacts, action.digest);
    const observation = await untilCancelled(ports, lease.leaseId, action, pulse, () =>
      runAction(ports, { leaseId: lease.leaseId, action, body }, pulse),
    );
    observations.push(observation);
    if (observation.status === 'lost') return null;
  }
  try {
    pulse.say('making the checkpoint');
    const checkpoint = await keepCheckpoint(ports, input, lease.leaseId);
    const { commit, after: tree, manifestDigest } = checkpoint;
    const workspace = { ...input.workspace, commit, tree, manifestDigest, leaseNumber: lease.leaseNumber };
    return { observations, checkpoint, workspace, sandbox: lease.facts, sandboxLost: false };
  } catch (error) {
    if (errorCode(error) !== 'sandbox.lost') throw error;
    return null;
  }
}

/** Ends the step itself when the task is cancelled; when only this worker stops, the step runs on for the next one. */
async function untilCancelled<T>(
  ports: Ports,
  leaseId: LeaseId,
  action: Action,
  pulse: Pulse,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (pulse.signal.aborted && pulse.cancelRequested())
      await ports.sandbox.cancel(leaseId, action.id as string as StepId);
    throw error;
  }
}
