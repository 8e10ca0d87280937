import { whileAnswering } from '../sandbox/call-while-alive.ts';
import type { CallPod } from './keeper-calls.ts';
import type { LeaseJobs } from './leases.ts';

/**
 * Calls whose keeper is pinged beside them. One that has answered nothing for `silenceLimitMs`, stopped or stuck, counts as dead, and its pod
 * is ended, so that it does not come back and go on with what was given up. A pod on a node that is out of reach may run until that is back.
 */
export function endSilentPods(
  call: CallPod,
  leases: Pick<LeaseJobs, 'endPod'>,
  silenceLimitMs: number,
): CallPod {
  return async (leaseId, request, options = {}) => {
    const outcome = await whileAnswering(
      (signal) => call(leaseId, { call: 'ping' }, { signal }),
      silenceLimitMs,
      (signal) => call(leaseId, request, { ...options, signal }),
      options.signal,
    );
    if (outcome.kind === 'silent') await leases.endPod(leaseId);
    return outcome;
  };
}
