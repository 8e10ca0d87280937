import type { BaselineCheck } from '../../contracts/activities.ts';
import type { CheckResult } from '../../contracts/evaluation.ts';

export function check(name: string, status: CheckResult['status'], durationMs = 1000): CheckResult {
  return {
    name,
    status,
    exitCode: status === 'passed' ? 0 : 1,
    outputDigest: null,
    durationMs,
    cached: false,
  };
}

export function required(
  name: string,
  baseline: CheckResult['status'] = 'passed',
  durationMs = 1000,
): BaselineCheck {
  return { name, command: name, required: true, baseline: check(name, baseline, durationMs) };
}
