import type { V1Job, V1Pod } from '@kubernetes/client-node';
import type { Digest } from '../../contracts/ids.ts';
import type { SandboxLimits } from '../../contracts/sandbox.ts';
import { annotation, label, managedBy, type PodSettings, podJob } from '../job.ts';

/** What a pod of the pool is for; it loses this label when a lease takes it. */
export const poolLabel = 'longhaul.dev/pool';
/** Beside `lease-job`: a pod's Job ends, and this is how long its end can be looked at. */
const ttlSeconds = 300;
/** Of a pod's life, how much may pass before it has a lease. */
const waitingShare = 1 / 8;

export interface PoolInput {
  readonly owner: string;
  /** Of limits and settings: a lease takes only what it would have made itself. */
  readonly specDigest: Digest;
  readonly limits: SandboxLimits;
}

export const poolOf = (specDigest: Digest): string => specDigest.replace(/^.*:/, '').slice(0, 20);

const prefixOf = ({ owner, specDigest }: PoolInput): string =>
  `lh-pool-${poolOf(specDigest).slice(0, 10)}-${owner.slice(-8).replaceAll(/[^a-z0-9]+/g, '-')}`;

/** A Job of the pool: its pod is that of a lease, but for the marks of the lease. */
export function poolJob(input: PoolInput, settings: PodSettings, number: number): V1Job {
  const labels = {
    [label.managedBy]: managedBy,
    [label.owner]: input.owner,
    [poolLabel]: poolOf(input.specDigest),
  };
  const annotations = { [annotation.spec]: input.specDigest };
  const marks = { name: `${prefixOf(input)}-${number}`, labels, annotations };
  return podJob(marks, input.limits, { ...settings, ttlSeconds });
}

/** What there is of a pool, and what has to be done so that `size` pods of it wait. */
export interface PoolPlan {
  /** Numbers of the Jobs to make: the same for everybody who sees the same. */
  readonly make: readonly number[];
  readonly retire: readonly PoolMember[];
  /** Pods that wait, or will. */
  readonly keep: readonly PoolMember[];
}

export interface PoolMember {
  readonly job: string;
  readonly jobUid: string;
  /** Undefined while none is made. */
  readonly pod: V1Pod | undefined;
}

export function planPool(
  input: PoolInput,
  {
    size,
    lifeSeconds,
    nowMs,
  }: { readonly size: number; readonly lifeSeconds: number; readonly nowMs: number },
  found: { readonly jobs: readonly V1Job[]; readonly pods: readonly V1Pod[] },
): PoolPlan {
  const prefix = `${prefixOf(input)}-`;
  const numberOf = ({ metadata }: V1Job): number => Number(metadata?.name?.slice(prefix.length));
  const jobs = found.jobs
    .filter(({ metadata }) => metadata?.name?.startsWith(prefix))
    .toSorted((a, b) => numberOf(a) - numberOf(b));
  const waiting = jobs.flatMap((job): PoolMember[] => {
    const pod = found.pods.find((one) => isOf(one, job));
    const isTaken = pod !== undefined && pod.metadata?.labels?.[poolLabel] === undefined;
    if (isTaken || hasEnded(job) || pod?.metadata?.deletionTimestamp !== undefined) return [];
    return [{ job: job.metadata?.name ?? '', jobUid: job.metadata?.uid ?? '', pod }];
  });
  const oldest = nowMs - lifeSeconds * waitingShare * 1000;
  const isOld = ({ pod }: PoolMember): boolean =>
    (pod?.metadata?.creationTimestamp?.getTime() ?? nowMs) < oldest;
  const fresh = waiting.filter((one) => !isOld(one));
  const last = jobs.length === 0 ? -1 : Math.max(...jobs.map(numberOf));
  return {
    make: Array.from({ length: Math.max(0, size - fresh.length) }, (_, index) => last + 1 + index),
    retire: [...waiting.filter(isOld), ...fresh.slice(size)],
    keep: fresh.slice(0, size),
  };
}

const isOf = (pod: V1Pod, job: V1Job): boolean =>
  pod.metadata?.ownerReferences?.some(({ uid }) => uid === job.metadata?.uid) ?? false;

const hasEnded = ({ metadata, status }: V1Job): boolean =>
  metadata?.deletionTimestamp !== undefined || (status?.failed ?? 0) > 0 || (status?.succeeded ?? 0) > 0;
