import { posix } from 'node:path';
import type { Action, ActionBody } from '../contracts/action.ts';
import type { LeaseId, StepId } from '../contracts/ids.ts';
import type { Observation } from '../contracts/observation.ts';
import type { Step, StepResult } from '../contracts/sandbox.ts';
import { patchSteps } from './patch-action.ts';
import type { Ports } from './ports.ts';
import type { Pulse } from './pulse.ts';

export interface RunAction {
  readonly leaseId: LeaseId;
  readonly action: Action;
  readonly body: ActionBody;
}

/** Runs one allowed action in the sandbox and gives its observation; its whole output becomes an artifact. The same action in the same lease runs once. */
export async function runAction(
  ports: Pick<Ports, 'sandbox' | 'artifacts' | 'limits'>,
  { leaseId, action, body }: RunAction,
  pulse: Pulse,
): Promise<Observation> {
  const exec = async (step: Step) => {
    pulse.say(action.summary);
    return ports.sandbox.exec(leaseId, step, {
      signal: pulse.signal,
      onOutput: (tail, at) => pulse.say(action.summary, tail, at),
    });
  };
  if (body.kind === 'shell') return observe(ports, action, await exec(shellStep(action, body, ports.limits)));
  if (body.kind === 'apply_patch')
    return observe(ports, action, await patchSteps(action.id, body.patch, ports.limits, exec));
  throw new Error(`action ${action.id} of kind ${body.kind} is not for the sandbox`);
}

/** The steps by which an action changes the workspace: whether one of them began says whether the action did. */
export function effectSteps(action: Action): readonly StepId[] {
  return [(action.kind === 'apply_patch' ? `${action.id}.write` : action.id) as StepId];
}

/** All steps that write into the workspace: once one of them began, the action has to come to its end, or it leaves its parts there. */
export function writingSteps(action: Action): readonly StepId[] {
  return action.kind === 'apply_patch'
    ? [`${action.id}.stage` as StepId, ...effectSteps(action)]
    : effectSteps(action);
}

function shellStep(
  action: Action,
  body: Extract<ActionBody, { kind: 'shell' }>,
  limits: Ports['limits'],
): Step {
  const [program = '', ...args] = body.argv;
  return {
    stepId: action.id as string as StepId,
    argv: [program, ...args],
    cwd: inWorkspace(body.cwd),
    env: {},
    stdin: null,
    timeoutMs: Math.min(body.timeoutMs ?? limits.actionTimeoutMs, limits.maxActionTimeoutMs),
    maxOutputBytes: limits.maxOutputBytes,
  };
}

/** Models like to name the workspace by its absolute path; any other absolute path stays, for the sandbox to refuse. */
function inWorkspace(cwd: string): string {
  const relative = posix.relative('/workspace', posix.resolve('/workspace', cwd));
  if (relative.startsWith('..')) return cwd;
  return relative === '' ? '.' : relative;
}

export async function observe(
  ports: Pick<Ports, 'artifacts'>,
  action: Action,
  result: StepResult,
): Promise<Observation> {
  const { status, exitCode, output, durationMs } = result;
  const nothingKnown = status === 'lost' && output.byteLength === 0;
  return {
    actionId: action.id,
    status,
    exitCode,
    outputDigest: nothingKnown ? null : await ports.artifacts.put(output),
    outputBytes: output.byteLength,
    note: noteOf(result),
    durationMs: Math.round(durationMs),
  };
}

function noteOf({ status, outputLimit, memoryLimit, signal }: StepResult): string {
  if (status === 'lost') return 'The sandbox was lost while this ran; whether it took effect is not known.';
  if (outputLimit) return 'ended by the platform: it wrote more than the output limit';
  if (memoryLimit) return 'ended by the platform: it used more than the memory limit';
  return signal === null ? '' : `ended by ${signal}`;
}
