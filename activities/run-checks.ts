import type { BaselineCheck, SandboxFacts, WorkspaceRef } from '../contracts/activities.ts';
import type { CheckResult } from '../contracts/evaluation.ts';
import type { LeaseId, StepId, TaskId } from '../contracts/ids.ts';
import type { SandboxSetup, StepResult } from '../contracts/sandbox.ts';
import type { Check } from '../contracts/task.ts';
import { holdLease, releaseEarlier } from './hold-lease.ts';
import type { Ports } from './ports.ts';
import type { Pulse } from './pulse.ts';

export interface RunChecks {
  readonly taskId: TaskId;
  readonly workspace: WorkspaceRef;
  readonly setup: SandboxSetup | null;
  readonly checks: readonly Check[];
  /** Makes the step ids: unique for this run of the checks in this task. */
  readonly stepPrefix: string;
}

export interface ChecksRun {
  readonly results: readonly CheckResult[];
  readonly workspace: WorkspaceRef;
  readonly sandbox: SandboxFacts;
}

const maxTries = 3;

/**
 * Runs checks in the task's sandbox, in order. A sandbox that is lost under a check is replaced by one made from the checkpoint, and the
 * check runs again there: a check judges, it does not change. The same prefix in a live sandbox gives the recorded results.
 */
export async function runChecks(ports: Ports, input: RunChecks, pulse: Pulse): Promise<ChecksRun> {
  const { taskId, setup, checks, stepPrefix } = input;
  let workspace = input.workspace;
  await releaseEarlier(ports, taskId, workspace);
  let lease = await holdLease(ports, { taskId, workspace, setup }, pulse);
  const results: CheckResult[] = [];
  for (const [index, check] of checks.entries()) {
    let result = await runCheck(ports, lease.leaseId, `${stepPrefix}-${index}`, check, pulse);
    for (let tries = 1; result.status === 'lost' && tries < maxTries; tries++) {
      workspace = { ...workspace, leaseNumber: lease.leaseNumber + 1 };
      lease = await holdLease(ports, { taskId, workspace, setup }, pulse);
      result = await runCheck(ports, lease.leaseId, `${stepPrefix}-${index}`, check, pulse);
    }
    results.push(await checkResult(ports, check, result));
  }
  return { results, workspace: { ...workspace, leaseNumber: lease.leaseNumber }, sandbox: lease.facts };
}

export async function runCheck(
  ports: Ports,
  leaseId: LeaseId,
  stepId: string,
  check: Check,
  pulse: Pulse,
): Promise<StepResult> {
  const what = `check: ${check.name}`;
  pulse.say(what);
  const step = {
    stepId: stepId as StepId,
    argv: ['bash', '-c', check.command] as const,
    cwd: '.',
    env: {},
    stdin: null,
    timeoutMs: ports.limits.checkTimeoutMs,
    maxOutputBytes: ports.limits.maxOutputBytes,
  };
  try {
    return await ports.sandbox.exec(leaseId, step, {
      signal: pulse.signal,
      onOutput: (tail, at) => pulse.say(what, tail, at),
    });
  } catch (error) {
    if (pulse.signal.aborted && pulse.cancelRequested()) await ports.sandbox.cancel(leaseId, step.stepId);
    throw error;
  }
}

export async function checkResult(
  ports: Pick<Ports, 'artifacts'>,
  check: Check,
  result: StepResult,
): Promise<CheckResult> {
  return {
    name: check.name,
    status: statusOf(result),
    exitCode: result.exitCode,
    outputDigest: result.status === 'lost' ? null : await ports.artifacts.put(result.output),
    durationMs: Math.round(result.durationMs),
    cached: false,
  };
}

function statusOf({ status }: StepResult): CheckResult['status'] {
  switch (status) {
    case 'ok':
      return 'passed';
    case 'timed_out':
      return 'timed_out';
    case 'lost':
      return 'lost';
    case 'failed':
    case 'cancelled':
      return 'failed';
    default:
      return status satisfies never;
  }
}

/** The result of a check that is not run now. */
export function skipped(check: Pick<BaselineCheck, 'name'>): CheckResult {
  return {
    name: check.name,
    status: 'skipped',
    exitCode: null,
    outputDigest: null,
    durationMs: 0,
    cached: false,
  };
}
