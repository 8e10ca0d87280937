import type { TaskActivities, VerifyInput, VerifyOutput } from '../contracts/activities.ts';
import { errorCode } from '../contracts/error.ts';
import type { CheckResult } from '../contracts/evaluation.ts';
import type { LeaseId } from '../contracts/ids.ts';
import { failingChecks } from './evaluate/decide-next.ts';
import { acquire } from './hold-lease.ts';
import type { Ports } from './ports.ts';
import { type Pulse, withPulse } from './pulse.ts';
import { checkResult, runCheck } from './run-checks.ts';
import { loadSetup } from './setup.ts';

const maxTries = 3;

/** All checks once more in a fresh sandbox made from the checkpoint, so that nothing ignored, cached or left running can help. May run twice; a check judges and does not change. */
export function createVerifyDelivery(ports: Ports): TaskActivities['verifyDelivery'] {
  return (input) =>
    withPulse('checking once more in a fresh sandbox', (pulse) => verify(ports, input, pulse));
}

async function verify(ports: Ports, input: VerifyInput, pulse: Pulse): Promise<VerifyOutput> {
  for (let tries = 1; ; tries++) {
    const checks = await inFreshSandbox(ports, input, pulse);
    const lost = checks.some((check) => check.status === 'lost');
    if (!lost || tries === maxTries)
      return { checks, passed: !lost && failingChecks(input.checks, checks).length === 0 };
  }
}

async function inFreshSandbox(
  ports: Ports,
  input: VerifyInput,
  pulse: Pulse,
): Promise<readonly CheckResult[]> {
  if (input.checks.length === 0) return [];
  const leaseId = `${input.taskId}.verify-${input.iteration}` as LeaseId;
  // An earlier try may have left one: it would not be fresh.
  await ports.sandbox.release(leaseId);
  const setup = await loadSetup(ports, input);
  const source = { gitDir: ports.repositories.gitDir(input.taskId), commit: input.workspace.commit };
  try {
    await acquire(
      ports,
      { leaseId, taskId: input.taskId, source, setup, limits: ports.limits.sandbox },
      pulse,
    );
    const results: CheckResult[] = [];
    for (const [index, check] of input.checks.entries()) {
      results.push(
        await checkResult(ports, check, await runCheck(ports, leaseId, `verify-${index}`, check, pulse)),
      );
    }
    return results;
  } catch (error) {
    if (errorCode(error) !== 'sandbox.lost') throw error;
    return input.checks.map((check) => ({
      ...check.baseline,
      status: 'lost' as const,
      outputDigest: null,
      cached: false,
    }));
  } finally {
    await ports.sandbox.release(leaseId);
  }
}
