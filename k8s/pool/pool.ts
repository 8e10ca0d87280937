import { AuthorizationV1Api, BatchV1Api, CoreV1Api, type KubeConfig } from '@kubernetes/client-node';
import type { SandboxLimits } from '../../contracts/sandbox.ts';
import { converse } from '../../sandbox/keeper-client.ts';
import { digestOf } from '../../sandbox/machine.ts';
import { answered, conflict, notFound, unless } from '../api-faults.ts';
import { openExec } from '../exec-stream.ts';
import { container, label, managedBy, type PodSettings } from '../job.ts';
import { createJobAdmission } from '../job-admission.ts';
import { enterKeeper } from '../keeper-calls.ts';
import { isReady } from './claim.ts';
import { createPatches, inMetadata } from './patches.ts';
import { type PoolMember, planPool, poolJob, poolLabel } from './pool-jobs.ts';

const pingLimitMs = 10_000;

export interface PodPoolDeps {
  readonly cluster: KubeConfig;
  readonly settings: PodSettings;
  readonly owner: string;
  /** What leases will ask for. */
  readonly limits: SandboxLimits;
  /** How many pods wait; 0 takes those away that do. */
  readonly size: number;
}

export interface PodPool {
  /** One look: makes what is missing, takes away what is too much, and tells those that wait to go on. Returns how many can be taken. */
  tend(): Promise<number>;
}

/**
 * Keeps pods waiting for leases. Any number of workers may look after one pool; their pods end by themselves once none does, or none with these
 * settings: see `endUnlessTold`. Throws `server.unavailable`, `sandbox.unavailable` for a right that is
 * missing, `sandbox.start_failed` for a quota that is full.
 */
export function createPodPool({ cluster, settings, owner, limits, size }: PodPoolDeps): PodPool {
  const jobs = cluster.makeApiClient(BatchV1Api);
  const core = cluster.makeApiClient(CoreV1Api);
  const { namespace } = settings;
  const admission = createJobAdmission(
    { jobs, core, rights: cluster.makeApiClient(AuthorizationV1Api) },
    namespace,
  );
  const patches = createPatches({ jobs, core }, namespace);
  const input = { owner, limits, specDigest: digestOf({ limits, settings }) };

  /** A pod that a lease has taken meanwhile stays. */
  const retire = async ({ job: name, jobUid: uid, pod }: PoolMember): Promise<void> => {
    const value = pod?.metadata?.labels?.[poolLabel];
    const path = inMetadata('labels', poolLabel);
    const isOurs =
      pod === undefined ||
      (await patches.pod(pod.metadata?.name ?? '', [
        { op: 'test', path, value },
        { op: 'remove', path },
      ])) !== null;
    if (!isOurs) return;
    const body = { propagationPolicy: 'Background', preconditions: { uid } };
    await unless([notFound, conflict], null, jobs.deleteNamespacedJob({ name, namespace, body }));
  };

  const ping = async (pod: string): Promise<void> => {
    try {
      const target = { namespace, pod, container: container.keeper, command: enterKeeper };
      await converse(await openExec(cluster, target), { call: 'ping' }, { limitMs: pingLimitMs });
    } catch {
      // One that cannot be reached ends soon, and is made up for then.
    }
  };

  return {
    async tend() {
      const selector = `${label.managedBy}=${managedBy},${label.owner}=${owner}`;
      const [{ items: found }, { items: pods }] = await Promise.all([
        answered(jobs.listNamespacedJob({ namespace, labelSelector: `${selector},${poolLabel}` })),
        answered(core.listNamespacedPod({ namespace, labelSelector: selector })),
      ]);
      const lifeSeconds = settings.activeDeadlineSeconds;
      const plan = planPool(input, { size, lifeSeconds, nowMs: Date.now() }, { jobs: found, pods });
      for (const one of plan.retire) await retire(one);
      for (const number of plan.make) {
        await unless(conflict, null, admission.create(poolJob(input, settings, number)));
      }
      const ready = plan.keep.flatMap(({ pod }) => (pod !== undefined && isReady(pod) ? [pod] : []));
      await Promise.all(ready.map((pod) => ping(pod.metadata?.name ?? '')));
      return ready.length;
    },
  };
}
