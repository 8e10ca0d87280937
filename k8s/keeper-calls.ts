import type { KubeConfig } from '@kubernetes/client-node';
import { errorCode, LonghaulError } from '../contracts/error.ts';
import type { LeaseId } from '../contracts/ids.ts';
import { type CallOptions, type CallOutcome, converse } from '../sandbox/keeper-client.ts';
import { keeperSocket, podPlace } from '../sandbox/pod/places.ts';
import type { KeeperCall } from '../sandbox/protocol.ts';
import { forbidden } from './api-faults.ts';
import { isExecRefused, openExec } from './exec-stream.ts';
import { container } from './job.ts';
import type { LeaseJobs } from './leases.ts';
import { pause } from './pause.ts';
import type { PodState } from './pod-state.ts';

/** In the keeper's container: leads to the keeper. */
export const enterKeeper = ['socat', '-', `UNIX-CONNECT:${podPlace.lease}/${keeperSocket}`];
const firstWaitMs = 30;
const longestWaitMs = 2_000;
/** A keeper that nobody can reach for so long, in a pod that runs, is of no use. */
const defaultUnreachableLimitMs = 60_000;

export interface CallPodOptions extends CallOptions {
  /** The keeper is reached, and the call is about to be made; again for each try. */
  readonly onReached?: (pod: RunningPod) => void;
}

export type RunningPod = Extract<PodState, { kind: 'running' }>;

/** A function is asked for the call again at each try. */
export type CallPod = (
  leaseId: LeaseId,
  call: KeeperCall | (() => KeeperCall),
  options?: CallPodOptions,
) => Promise<CallOutcome>;

/**
 * Calls to the keepers of pods, each through an exec of its own: a connection that is cut, a worker or an API server that starts again costs
 * one call more. Every call of a keeper may be made twice: steps are known by their ids, and the others give the same again. `dead` once
 * the pod has ended, `absent` when there is none. Throws what the keeper throws, and `sandbox.start_failed`.
 */
export function createCallPod(
  cluster: KubeConfig,
  namespace: string,
  leases: LeaseJobs,
  unreachableLimitMs = defaultUnreachableLimitMs,
): CallPod {
  /** One conversation: what became of it, or in words why it came to nothing, and for how long the keeper was talked to. */
  const converseWith = async (
    pod: RunningPod,
    call: KeeperCall | (() => KeeperCall),
    options: CallPodOptions,
  ): Promise<Try> => {
    let reachedAt = Number.POSITIVE_INFINITY;
    const cameToNothing = (outcome: string): Try => ({
      outcome,
      heldMs: Math.max(0, Date.now() - reachedAt),
    });
    try {
      const target = { namespace, pod: pod.name, container: container.keeper, command: enterKeeper };
      const stream = await openExec(cluster, target);
      reachedAt = Date.now();
      options.onReached?.(pod);
      const outcome = await converse(stream, typeof call === 'function' ? call() : call, options);
      return outcome.kind === 'dead' ? cameToNothing('the connection was cut') : { outcome, heldMs: 0 };
    } catch (error) {
      if (!isExecRefused(error)) throw error;
      if (error.details['status'] === forbidden) throw mayNotEnter(namespace, error);
      return cameToNothing(error.message);
    }
  };

  const tryOnce = async (
    leaseId: LeaseId,
    call: KeeperCall | (() => KeeperCall),
    options: CallPodOptions,
  ): Promise<Try> => {
    const pod = await find(leases, leaseId).catch(unlessAway);
    if (pod instanceof LonghaulError) return { outcome: pod.message, heldMs: 0, away: pod };
    if (pod === notYet || pod.kind !== 'running') return { outcome: pod, heldMs: 0 };
    return converseWith(pod, call, options);
  };

  return async (leaseId, call, options = {}) => {
    let end = Date.now() + unreachableLimitMs;
    for (let wait = firstWaitMs; ; wait = Math.min(longestWaitMs, wait * 2)) {
      options.signal?.throwIfAborted();
      const { outcome, heldMs, away } = await tryOnce(leaseId, call, options);
      if (typeof outcome === 'object') return outcome;
      // A keeper was not out of reach while it was talked to: a step may take hours.
      end += heldMs;
      // Of the lease's own pod nothing is known then.
      if (Date.now() > end && away !== undefined) throw away;
      if (Date.now() > end) throw unreachable(leaseId, outcome, unreachableLimitMs);
      await pause(wait, options.signal);
    }
  };
}

interface Try {
  readonly outcome: CallOutcome | string;
  readonly heldMs: number;
  /** The API server did not answer. */
  readonly away?: LonghaulError;
}

function unlessAway(error: unknown): LonghaulError {
  if (errorCode(error) === 'server.unavailable') return error as LonghaulError;
  throw error;
}

const notYet = 'its pod does not run yet';

/** A pod that runs, or why there is none. */
async function find(
  leases: LeaseJobs,
  leaseId: LeaseId,
): Promise<RunningPod | typeof notYet | { readonly kind: 'absent' | 'dead' }> {
  const state = await leases.look(leaseId);
  if (state === null) return (await leases.exists(leaseId)) ? notYet : { kind: 'absent' };
  if (state.kind === 'running') return state;
  return state.kind === 'ended' ? { kind: 'dead' } : notYet;
}

/** A right that is missing, or an admission controller that forbids exec: trying again does not cure it. */
function mayNotEnter(namespace: string, cause: LonghaulError): LonghaulError {
  return new LonghaulError(
    'sandbox.unavailable',
    `This worker may not enter pods of namespace ${namespace}: ${cause.message}. Grant it "create" and "get" on pods/exec there (k8s/manifests/base/sandboxes/worker-role.yaml).`,
    { cause },
  );
}

function unreachable(leaseId: LeaseId, said: string, limitMs: number): LonghaulError {
  return new LonghaulError(
    'sandbox.start_failed',
    `The keeper of lease ${leaseId} could not be reached for ${limitMs / 1000} s: ${said}. Release the lease and acquire the next one.`,
  );
}
