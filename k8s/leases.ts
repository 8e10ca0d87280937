import type { AuthorizationV1Api, BatchV1Api, CoreV1Api, V1Job, V1Pod } from '@kubernetes/client-node';
import { LonghaulError } from '../contracts/error.ts';
import { type LeaseId, LeaseIdSchema, type TaskId, TaskIdSchema } from '../contracts/ids.ts';
import { answered, conflict, notFound, unless } from './api-faults.ts';
import { annotation, jobName, label, managedBy, type PodSettings } from './job.ts';
import { createJobAdmission } from './job-admission.ts';
import { isAlive, type PodState, podState } from './pod-state.ts';
import type { PodWaker, PodWakes } from './pod-wakes.ts';
import { isSettledElsewhere, podJobsOf } from './pool/pod-job.ts';

const goneLimitMs = 60_000;
const goneLookMs = 500;

export interface LeaseJobs {
  /** True when this call made it; false when it was there. Throws `sandbox.conflict` when that is one of another specification. */
  create(job: V1Job): Promise<boolean>;
  /** What becomes of the lease's pod; null when there is no Job, or none of its pods was made yet. */
  look(leaseId: LeaseId): Promise<PodState | null>;
  /** Says when to look again. */
  wakerOf(leaseId: LeaseId): PodWaker;
  exists(leaseId: LeaseId): Promise<boolean>;
  /** Ends its pod, which is never made again; the Job stays, and says so to whoever asks. */
  endPod(leaseId: LeaseId): Promise<void>;
  /** What the cluster says when it is asked for the pod of a Job that has none; null when it would make one. */
  whyNoPod(leaseId: LeaseId): Promise<string | null>;
  /** Resolves when neither Job nor pod is left. */
  remove(leaseId: LeaseId): Promise<void>;
  list(): Promise<readonly { readonly leaseId: LeaseId; readonly taskId: TaskId; readonly alive: boolean }[]>;
}

/** The Jobs of one owner's leases. Every call asks the cluster: nothing is remembered. */
export function createLeaseJobs(
  api: { readonly jobs: BatchV1Api; readonly core: CoreV1Api; readonly rights: AuthorizationV1Api },
  { namespace }: Pick<PodSettings, 'namespace'>,
  owner: string,
  wakes: PodWakes,
): LeaseJobs {
  const { jobs, core } = api;
  const admission = createJobAdmission(api, namespace);
  const nameOf = (leaseId: LeaseId): string => jobName({ leaseId, owner });
  const podsOf = async (job: string): Promise<readonly V1Pod[]> => {
    const labelSelector = `${label.lease}=${job}`;
    return (await answered(core.listNamespacedPod({ namespace, labelSelector }))).items;
  };
  const readJob = async (name: string): Promise<V1Job | null> =>
    await unless(notFound, null, jobs.readNamespacedJob({ name, namespace }));

  const removeJob = async (name: string, preconditions: { readonly uid?: string }): Promise<void> => {
    const body = { propagationPolicy: 'Background', gracePeriodSeconds: 0, preconditions };
    await unless([notFound, conflict], null, jobs.deleteNamespacedJob({ name, namespace, body }));
  };

  const endPods = async (job: string): Promise<readonly V1Pod[]> => {
    const pods = await podsOf(job);
    for (const pod of pods) {
      const now = { name: pod.metadata?.name ?? '', namespace, body: { gracePeriodSeconds: 0 } };
      await unless(notFound, null, core.deleteNamespacedPod(now));
    }
    return pods;
  };

  /** Looks, and hurries up what is left. */
  const isGone = async (name: string): Promise<boolean> => {
    const [pods, job] = [await endPods(name), await readJob(name)];
    for (const one of podJobsOf(job, pods)) await removeJob(one.name, { uid: one.uid });
    return pods.length === 0 && job === null;
  };

  return {
    async create(job) {
      const made = await unless(conflict, null, admission.create(job));
      if (made !== null) return true;
      const found = await readJob(job.metadata?.name ?? '');
      const [has, wanted] = [found, job].map((one) => one?.metadata?.annotations?.[annotation.spec]);
      if (found === null || has === wanted) return false;
      throw new LonghaulError(
        'sandbox.conflict',
        `Job ${namespace}/${job.metadata?.name} exists with another specification (${has}, asked for ${wanted}). Release the lease, or take the next lease id.`,
      );
    },
    async look(leaseId) {
      const name = nameOf(leaseId);
      const [pod] = await podsOf(name);
      if (pod !== undefined) return podState(pod);
      // A pod that was deleted leaves its Job, which makes no other.
      const job = await readJob(name);
      return job !== null && (hasEnded(job) || isSettledElsewhere(job))
        ? { kind: 'ended', how: endOfJob(job) }
        : null;
    },
    wakerOf: (leaseId) => wakes.of(nameOf(leaseId)),
    exists: async (leaseId) => (await readJob(nameOf(leaseId))) !== null,
    endPod: async (leaseId) => void (await endPods(nameOf(leaseId))),
    async whyNoPod(leaseId) {
      const job = await readJob(nameOf(leaseId));
      return job === null ? null : await admission.whyNoPod(job);
    },
    async remove(leaseId) {
      const name = nameOf(leaseId);
      using waker = wakes.of(name);
      // Of the pool first: the lease's own Job is what tells of it.
      for (const one of podJobsOf(await readJob(name), [])) await removeJob(one.name, { uid: one.uid });
      await removeJob(name, {});
      const end = Date.now() + goneLimitMs;
      while (!(await isGone(name))) {
        if (Date.now() > end) throw stays(`${namespace}/${name}`);
        // Jobs are not watched.
        await waker.next(undefined, goneLookMs);
      }
    },
    async list() {
      const labelSelector = `${label.managedBy}=${managedBy},${label.owner}=${owner}`;
      const [found, pods] = await Promise.all([
        answered(jobs.listNamespacedJob({ namespace, labelSelector })),
        answered(core.listNamespacedPod({ namespace, labelSelector })),
      ]);
      return found.items.flatMap(({ metadata }) => {
        const leaseId = metadata?.annotations?.[annotation.lease];
        const taskId = metadata?.labels?.[label.task];
        if (leaseId === undefined || taskId === undefined) return [];
        const pod = pods.items.find((one) => one.metadata?.annotations?.[annotation.lease] === leaseId);
        const alive = pod !== undefined && isAlive(pod);
        return [{ leaseId: LeaseIdSchema.parse(leaseId), taskId: TaskIdSchema.parse(taskId), alive }];
      });
    },
  };
}

function stays(job: string): LonghaulError {
  return new LonghaulError(
    'server.unavailable',
    `Job ${job} is not gone after ${goneLimitMs / 1000} s: look at its pods and their node.`,
  );
}

function hasEnded({ status }: V1Job): boolean {
  const ends = status?.conditions?.some(({ type, status: holds }) => endings.has(type) && holds === 'True');
  return ends === true || (status?.failed ?? 0) > 0 || (status?.succeeded ?? 0) > 0;
}

/** The pod was deleted, by a person, an eviction or a node that is gone. */
function endOfJob({ status }: V1Job): string {
  const message = status?.conditions?.find(({ type }) => endings.has(type))?.message;
  return ['its pod is gone', message].filter((part) => part !== undefined).join('; ');
}

const endings = new Set(['Failed', 'Complete', 'FailureTarget', 'SuccessCriteriaMet']);
