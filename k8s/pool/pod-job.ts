import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { annotation } from '../job.ts';

export interface JobRef {
  readonly name: string;
  readonly uid: string;
}

/** The Jobs of the pool that made the pods of a lease: the one that its own Job has settled on, and those of pods that carry its mark. */
export function podJobsOf(job: V1Job | null, pods: readonly V1Pod[]): readonly JobRef[] {
  const { [annotation.settled]: isSettled, [annotation.podJob]: named } = job?.metadata?.annotations ?? {};
  const [name, uid] = isSettled === undefined ? [] : (named ?? '').split('/');
  const settled = name === undefined || uid === undefined ? [] : [{ name, uid }];
  const owners = pods.flatMap(({ metadata }) => metadata?.ownerReferences ?? []);
  const others = owners.filter((owner) => owner.uid !== job?.metadata?.uid && owner.uid !== uid);
  return [...settled, ...others.map((owner) => ({ name: owner.name, uid: owner.uid }))];
}

/** A Job that has settled makes no other pod. */
export const isSettledElsewhere = (job: V1Job): boolean =>
  job.metadata?.annotations?.[annotation.settled] !== undefined;
