import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { AuthorizationV1Api, BatchV1Api, CoreV1Api, type KubeConfig } from '@kubernetes/client-node';
import { errorCode } from '../contracts/error.ts';
import type { LeaseId } from '../contracts/ids.ts';
import type { Lease, Sandbox } from '../contracts/sandbox.ts';
import type { ErrorCode } from '../contracts/words/errors.ts';
import { defaultSilenceLimitMs } from '../sandbox/call-while-alive.ts';
import { createStepRecords, type StepRecords } from '../sandbox/keeper/step-records.ts';
import { digestOf } from '../sandbox/machine.ts';
import type { KeeperCheckpoint, KeeperLease } from '../sandbox/protocol.ts';
import type { EgressSettings } from './egress-url.ts';
import { endSilentPods } from './end-silent.ts';
import { type JobInput, jobOf, type PodSettings } from './job.ts';
import { createCallPod } from './keeper-calls.ts';
import { withDirectories } from './known-leases.ts';
import { createLeaseJobs } from './leases.ts';
import { createMadeLeases } from './made-leases.ts';
import { createPodStart, lost, workLimitMs } from './pod-start.ts';
import { createPodSteps } from './pod-steps.ts';
import { createPodWakes } from './pod-wakes.ts';
import { createPodClaim } from './pool/claim.ts';
import { renewalOf } from './renewal.ts';
import { createSetupPods } from './setup-pods.ts';

export interface KubernetesSandboxDeps {
  readonly cluster: KubeConfig;
  readonly settings: PodSettings;
  /** Whose leases these are, a label's value: workers of one home share it. */
  readonly owner: string;
  /** Trusted; what steps have begun and what they gave is kept here, for when their pod is gone. */
  readonly stateDir: string;
  /** Whether leases take pods that wait; see `createPodPool` for who makes them. */
  readonly usesPool: boolean;
  /** Throws where the walls of sandboxes do not hold: asked before each new lease. */
  readonly requireWalls: (signal: AbortSignal) => Promise<void>;
  /** A keeper that answers nothing for so long counts as dead; see `defaultSilenceLimitMs`. */
  readonly silenceLimitMs?: number;
  /** Told what people who run the worker should know, a line each; a warning of the process when left out. */
  readonly say?: (line: string) => void;
  /** Trusted; what setups have made is kept here. */
  readonly cacheDir: string;
  /** The way out for setups; null for none. */
  readonly egress: EgressSettings | null;
}

const cancelLimitMs = 10_000;

/** Faults of what a lease is made from. */
const cannotBeMade = new Set<ErrorCode>([
  'checkpoint.invalid',
  'sandbox.start_failed',
  'sandbox.disk_full',
  'internal.bug',
]);

/** Sandboxes that are pods of a cluster, each with a Job of its own. Holds no state but what lies in `stateDir`. */
export function createKubernetesSandbox({
  cluster,
  settings,
  owner,
  stateDir,
  usesPool,
  requireWalls,
  silenceLimitMs = defaultSilenceLimitMs,
  say = (line) => process.emitWarning(line),
  cacheDir,
  egress,
}: KubernetesSandboxDeps): Sandbox {
  const api = {
    jobs: cluster.makeApiClient(BatchV1Api),
    core: cluster.makeApiClient(CoreV1Api),
    rights: cluster.makeApiClient(AuthorizationV1Api),
  };
  const wakes = createPodWakes({ cluster, namespace: settings.namespace, owner, say });
  const leases = createLeaseJobs(api, settings, owner, wakes);
  const callOnce = createCallPod(cluster, settings.namespace, leases);
  const call = endSilentPods(callOnce, leases, silenceLimitMs);
  const claim = createPodClaim(api, leases, settings, { owner, usesPool });
  const made = createMadeLeases(path.join(stateDir, 'pods'));
  const { directoryOf } = made;
  const recordsOf = (leaseId: LeaseId): StepRecords => createStepRecords(directoryOf(leaseId));

  const steps = createPodSteps({ call, leases, recordsOf });
  const start = createPodStart(leases, call, directoryOf, settings);
  const { callLive, untilRunning, tell, send } = start;
  const setups = createSetupPods({ leases, start, settings, owner, egress, cacheDir });

  const release = async (leaseId: LeaseId): Promise<void> => {
    await setups.end(leaseId);
    await leases.remove(leaseId);
    made.remove(leaseId);
  };

  const refuseGone = async (leaseId: LeaseId): Promise<void> => {
    if (made.has(leaseId) && !(await leases.exists(leaseId))) throw lost(leaseId, 'its Job is gone');
  };

  /** Before anything untrusted is begun for a lease; one that is adopted was begun behind walls that were seen. */
  const seeWalls = async (leaseId: LeaseId, signal: AbortSignal): Promise<void> => {
    if (!(await leases.exists(leaseId))) await requireWalls(signal);
  };

  return {
    async probe() {
      try {
        await leases.list();
        return {
          available: true,
          findings: [`Kubernetes at ${cluster.getCurrentCluster()?.server ?? 'an unknown address'}`],
        };
      } catch (error) {
        return { available: false, findings: [error instanceof Error ? error.message : String(error)] };
      }
    },

    async acquire(spec, watch) {
      watch.signal.throwIfAborted();
      const { leaseId, taskId, limits } = spec;
      // Pods that wait have no setup: what they are given is of the lease that takes them.
      const poolDigest = digestOf({ limits, settings });
      const specDigest =
        spec.setup === null ? poolDigest : digestOf({ poolDigest, setup: spec.setup.digest });
      const input: JobInput = { leaseId, taskId, owner, specDigest, limits };
      await refuseGone(leaseId);
      mkdirSync(directoryOf(leaseId), { recursive: true, mode: 0o700 });
      await seeWalls(leaseId, watch.signal);
      const setup = await setups.resultFor(spec, watch);
      const created = await claim.take(jobOf(input, settings), poolDigest);
      made.add(leaseId);
      try {
        const pod = await untilRunning(leaseId, watch);
        await tell(spec, specDigest, pod, watch.signal);
        if (setup !== null) await setups.deliver(spec, pod, setup, watch.signal);
        const options = { signal: watch.signal, onProgress: watch.onProgress };
        const { value } = await callLive(leaseId, { call: 'acquire' }, options);
        const renewAtMs = renewalOf(pod.startedAtMs, settings);
        return { ...(value as KeeperLease), adopted: !created, renewAtMs } satisfies Lease;
      } catch (error) {
        // Gone before the caller knows, so that asking again starts afresh.
        const code = errorCode(error) ?? 'sandbox.lost';
        // A right that is missing now does not end a sandbox that lives.
        const isHopeless = created && code === 'sandbox.unavailable';
        if (isHopeless || cannotBeMade.has(code)) await release(leaseId);
        throw error;
      }
    },

    exec: steps.exec,

    began: async (leaseId, stepId) => recordsOf(leaseId).wasStarted(stepId),

    async cancel(leaseId, stepId) {
      // One that is stuck would hold up the end of its task; whoever cancels releases the lease next.
      await callOnce(leaseId, { call: 'cancel', stepId }, { limitMs: cancelLimitMs });
    },

    async checkpoint(leaseId, input) {
      const request = { call: 'checkpoint', ...input } as const;
      const { value, bytes } = await callLive(leaseId, request, { limitMs: workLimitMs });
      return { ...(value as KeeperCheckpoint), pack: bytes };
    },

    async restore(leaseId, { gitDir, commit }) {
      const { value: base } = await callLive(leaseId, { call: 'lacks', commit });
      if (typeof base === 'string') await send(leaseId, gitDir, commit, base as typeof commit);
      await callLive(leaseId, { call: 'restore', gitDir: '', commit }, { limitMs: workLimitMs });
    },

    release,

    leases: async () => withDirectories(await leases.list(), path.join(stateDir, 'pods')),
  };
}
