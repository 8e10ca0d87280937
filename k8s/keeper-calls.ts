import type { KubeConfig } from '@kubernetes/client-node';
import { LonghaulError } from '../contracts/error.ts';
import type { LeaseId } from '../contracts/ids.ts';
import { type CallOptions, type CallOutcome, converse } from '../sandbox/keeper-client.ts';
import { keeperSocket, podPlace } from '../sandbox/pod/places.ts';
import type { KeeperCall } from '../sandbox/protocol.ts';
import { isExecRefused, openExec } from './exec-stream.ts';
import { container } from './job.ts';
import type { LeaseJobs } from './leases.ts';
import { pause } from './pause.ts';

const enter = ['socat', '-', `UNIX-CONNECT:${podPlace.lease}/${keeperSocket}`];
const firstWaitMs = 30;
const longestWaitMs = 2_000;
/** A keeper that nobody can reach for so long, in a pod that runs, is of no use. */
const unreachableLimitMs = 60_000;

export interface CallPodOptions extends CallOptions {
  /** The keeper is reached, and the call is about to be made; again for each try. */
  readonly onReached?: () => void;
}

export type CallPod = (leaseId: LeaseId, call: KeeperCall, options?: CallPodOptions) => Promise<CallOutcome>;

/**
 * Calls to the keepers of pods, each through an exec of its own: a connection that is cut, a worker or an API server that starts again costs
 * one call more. Every call of a keeper may be made twice: steps are known by their ids, and the others give the same again. `dead` once
 * the pod has ended, `absent` when there is none. Throws what the keeper throws, and `sandbox.start_failed`.
 */
export function createCallPod(cluster: KubeConfig, namespace: string, leases: LeaseJobs): CallPod {
  const pods = new Map<LeaseId, string>();

  /** What became of one try, or in words why there was none. */
  const tryOnce = async (
    leaseId: LeaseId,
    call: KeeperCall,
    options: CallPodOptions,
  ): Promise<CallOutcome | string> => {
    const found = pods.get(leaseId) ?? (await find(leases, leaseId));
    if (typeof found === 'object') return found;
    if (found === notYet) return found;
    pods.set(leaseId, found);
    try {
      const target = { namespace, pod: found, container: container.keeper, command: enter };
      const stream = await openExec(cluster, target);
      options.onReached?.();
      const outcome = await converse(stream, call, options);
      if (outcome.kind !== 'dead') return outcome;
      pods.delete(leaseId);
      return 'the connection was cut';
    } catch (error) {
      if (!isExecRefused(error)) throw error;
      pods.delete(leaseId);
      return error.message;
    }
  };

  return async (leaseId, call, options = {}) => {
    const end = Date.now() + unreachableLimitMs;
    for (let wait = firstWaitMs; ; wait = Math.min(longestWaitMs, wait * 2)) {
      options.signal?.throwIfAborted();
      const outcome = await tryOnce(leaseId, call, options);
      if (typeof outcome === 'object') return outcome;
      if (Date.now() > end) throw unreachable(leaseId, outcome);
      await pause(wait, options.signal);
    }
  };
}

const notYet = 'its pod does not run yet';

/** The name of a pod that runs, or why there is none. */
async function find(
  leases: LeaseJobs,
  leaseId: LeaseId,
): Promise<string | { readonly kind: 'absent' | 'dead' }> {
  const state = await leases.look(leaseId);
  if (state === null) return (await leases.exists(leaseId)) ? notYet : { kind: 'absent' };
  if (state.kind === 'running') return state.name;
  return state.kind === 'ended' ? { kind: 'dead' } : notYet;
}

function unreachable(leaseId: LeaseId, said: string): LonghaulError {
  return new LonghaulError(
    'sandbox.start_failed',
    `The keeper of lease ${leaseId} could not be reached for ${unreachableLimitMs / 1000} s: ${said}. Release the lease and acquire the next one.`,
  );
}
