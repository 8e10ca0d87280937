import type { BatchV1Api, CoreV1Api, V1Job, V1Pod } from '@kubernetes/client-node';
import { LonghaulError } from '../../contracts/error.ts';
import type { Digest } from '../../contracts/ids.ts';
import { answered, notFound, unless } from '../api-faults.ts';
import { annotation, label, type PodSettings } from '../job.ts';
import type { LeaseJobs } from '../leases.ts';
import { podState } from '../pod-state.ts';
import { type Change, createPatches, inMetadata } from './patches.ts';
import { poolLabel, poolOf } from './pool-jobs.ts';

/** Each is somebody else's pod: far fewer are lost to others. */
const maxTries = 100;

export interface PodClaim {
  /**
   * Makes the Job of a lease, with a pod of the pool where one waits, else with its own. True when this call made it. Called again, by
   * anybody, after any failure, it goes on: a lease has one pod, and a pod one lease. Throws `sandbox.conflict`.
   */
  take(job: V1Job, specDigest: Digest): Promise<boolean>;
}

/**
 * The Job of a lease that takes a pod stays suspended and names the pod: whoever makes the Job decides which. Only then is the pod marked, if
 * nobody has it, then the Job as settled; before that nobody speaks to the pod, and the Job may still name another or get its own.
 */
export function createPodClaim(
  { jobs, core }: { readonly jobs: BatchV1Api; readonly core: CoreV1Api },
  leases: LeaseJobs,
  { namespace }: Pick<PodSettings, 'namespace'>,
  { owner, usesPool }: { readonly owner: string; readonly usesPool: boolean },
): PodClaim {
  const patches = createPatches({ jobs, core }, namespace);

  /** A pod that waits, any of them: workers that ask at once should not all ask for the same. */
  const findWaiting = async (specDigest: Digest): Promise<Choice | null> => {
    const labelSelector = `${poolLabel}=${poolOf(specDigest)},${label.owner}=${owner}`;
    const { items } = await answered(core.listNamespacedPod({ namespace, labelSelector }));
    const waiting = items.filter(isReady);
    const pod = waiting[Math.floor(Math.random() * waiting.length)];
    return pod === undefined ? null : { pod: pod.metadata?.name ?? '', podJob: ownerOf(pod) };
  };

  const claimPod = async (name: string, job: V1Job, specDigest: Digest): Promise<boolean> => {
    const taken = await patches.pod(name, claimOf(job, specDigest));
    if (taken !== null) return true;
    // Somebody has it: perhaps this lease, by a worker that died right after.
    const found = await unless(notFound, null, core.readNamespacedPod({ name, namespace }));
    return found?.metadata?.labels?.[label.lease] === nameOf(job);
  };

  /** One try: true once the Job has settled. */
  const settleOn = async (wanted: Choice, job: V1Job, specDigest: Digest): Promise<boolean> => {
    const isOurs = await claimPod(wanted.pod, job, specDigest);
    const changes = isOurs ? settled(wanted) : instead(wanted, await findWaiting(specDigest));
    return (await patches.job(nameOf(job), changes)) !== null && isOurs;
  };

  const settle = async (job: V1Job, specDigest: Digest, first: Choice | null): Promise<void> => {
    let wanted = first ?? (await readChoice(nameOf(job)));
    for (let tries = 0; tries < maxTries; tries += 1) {
      if (wanted === null || (await settleOn(wanted, job, specDigest))) return;
      wanted = await readChoice(nameOf(job));
    }
    throw crowded(nameOf(job));
  };

  /** The pod that a lease's Job names and does not have for sure; null for a Job that has settled, or makes its own. */
  const readChoice = async (name: string): Promise<Choice | null> => {
    const job = await unless(notFound, null, jobs.readNamespacedJob({ name, namespace }));
    if (job === null) throw released(name);
    const has = job.metadata?.annotations ?? {};
    const [pod, podJob] = [has[annotation.pod], has[annotation.podJob]];
    return pod === undefined || podJob === undefined || has[annotation.settled] !== undefined
      ? null
      : { pod, podJob };
  };

  return {
    async take(job, specDigest) {
      const waiting = usesPool ? await findWaiting(specDigest) : null;
      const created = await leases.create(waiting === null ? job : suspended(job, waiting));
      if (!created || waiting !== null) await settle(job, specDigest, created ? waiting : null);
      return created;
    },
  };
}

interface Choice {
  readonly pod: string;
  /** Name and uid of the Job that made it: names come back. */
  readonly podJob: string;
}

const nameOf = (job: V1Job): string => job.metadata?.name ?? '';

function ownerOf({ metadata }: V1Pod): string {
  const [first] = metadata?.ownerReferences ?? [];
  return `${first?.name ?? ''}/${first?.uid ?? ''}`;
}

/** One that can never start is for those who look after the pool. */
export function isReady(pod: V1Pod): boolean {
  try {
    return podState(pod).kind === 'running';
  } catch {
    return false;
  }
}

const suspended = (job: V1Job, { pod, podJob }: Choice): V1Job => ({
  ...job,
  metadata: {
    ...job.metadata,
    annotations: { ...job.metadata?.annotations, [annotation.pod]: pod, [annotation.podJob]: podJob },
  },
  ...(job.spec === undefined ? {} : { spec: { ...job.spec, suspend: true } }),
});

/** Of a pod that nobody has: it is this lease's from now on. */
function claimOf({ metadata, spec }: V1Job, specDigest: Digest): readonly Change[] {
  const pool = inMetadata('labels', poolLabel);
  const { labels = {}, annotations = {} } = spec?.template.metadata ?? metadata ?? {};
  return [
    { op: 'test', path: pool, value: poolOf(specDigest) },
    { op: 'remove', path: pool },
    ...Object.entries(labels).map(
      ([name, value]) => ({ op: 'add', path: inMetadata('labels', name), value }) as const,
    ),
    ...Object.entries(annotations).map(
      ([name, value]) => ({ op: 'add', path: inMetadata('annotations', name), value }) as const,
    ),
  ];
}

const namesStill = ({ pod, podJob }: Choice): readonly Change[] => [
  { op: 'test', path: inMetadata('annotations', annotation.pod), value: pod },
  { op: 'test', path: inMetadata('annotations', annotation.podJob), value: podJob },
];

const settled = (choice: Choice): readonly Change[] => [
  ...namesStill(choice),
  { op: 'add', path: inMetadata('annotations', annotation.settled), value: 'true' },
];

/** Another pod that waits, else one of its own. */
function instead(choice: Choice, next: Choice | null): readonly Change[] {
  const [pod, podJob] = [annotation.pod, annotation.podJob].map((name) => inMetadata('annotations', name));
  if (next !== null)
    return [
      ...namesStill(choice),
      { op: 'add', path: pod ?? '', value: next.pod },
      { op: 'add', path: podJob ?? '', value: next.podJob },
    ];
  return [
    ...namesStill(choice),
    { op: 'remove', path: pod ?? '' },
    { op: 'remove', path: podJob ?? '' },
    { op: 'add', path: '/spec/suspend', value: false },
  ];
}

function released(job: string): LonghaulError {
  return new LonghaulError(
    'sandbox.lost',
    `Job ${job} was removed while its lease was taken. Acquire the next lease.`,
  );
}

function crowded(job: string): LonghaulError {
  return new LonghaulError(
    'server.unavailable',
    `Job ${job} was given no pod of the pool in ${maxTries} tries: others were always faster. Try again, or make "pool" of kubernetes.yaml larger.`,
  );
}
