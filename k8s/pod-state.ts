import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { LonghaulError } from '../contracts/error.ts';
import { container } from './job.ts';

export type PodState =
  /** `waitsFor` in words for people. */
  | { readonly kind: 'starting'; readonly waitsFor: string }
  | {
      readonly kind: 'running';
      readonly name: string;
      /** The Job that made it. */
      readonly job: string;
      readonly uid: string;
      readonly imageId: string;
      readonly address: string;
      readonly startedAtMs: number | null;
    }
  | { readonly kind: 'ended'; readonly how: string };

/** Reasons that waiting does not cure: kubelet's images and kuberuntime packages. */
const hopeless = new Set([
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** What was tried at least once and failed; the kubelet tries again, ever more rarely. */
const failedOnce = new Set(['ImagePullBackOff']);

/** What a pod is to a lease. Pure. Throws `sandbox.unavailable` for one that can never start, `sandbox.start_failed` for an image that was not to be had. */
export function podState(pod: V1Pod): PodState {
  const { metadata, status } = pod;
  const statuses = statusesOf(pod);
  const waiting = statuses.map(reasonOf).find((reason) => reason !== null) ?? null;
  if (waiting !== null && hopeless.has(waiting.reason)) throw cannotStart(pod, waiting);
  if (waiting !== null && failedOnce.has(waiting.reason)) throw noImage(pod, waiting);
  if (hasEnded(pod, statuses)) return { kind: 'ended', how: endOf(pod) };
  const agent = statuses.find((one) => one.name === container.agent);
  if (status?.phase !== 'Running' || agent?.state?.running === undefined)
    return { kind: 'starting', waitsFor: waitingWords(pod, waiting) };
  const { name = '', uid = '', labels } = metadata ?? {};
  const job = labels?.['batch.kubernetes.io/job-name'] ?? '';
  return {
    kind: 'running',
    name,
    job,
    uid,
    imageId: agent.imageID,
    address: status.podIP ?? '',
    startedAtMs: status.startTime?.getTime() ?? null,
  };
}

/** Whether a pod is there and has not ended, started or not. */
export const isAlive = (pod: V1Pod): boolean => !hasEnded(pod, statusesOf(pod));

const statusesOf = ({ status }: V1Pod): readonly V1ContainerStatus[] => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
];

/** A keeper that was started again knows nothing of what was before. */
function hasEnded({ metadata, status }: V1Pod, statuses: readonly V1ContainerStatus[]): boolean {
  if (metadata?.deletionTimestamp !== undefined) return true;
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return true;
  return statuses.some(({ state, restartCount }) => state?.terminated !== undefined || restartCount > 0);
}

function cannotStart({ metadata }: V1Pod, { reason, container: name, message }: Waiting): LonghaulError {
  return new LonghaulError(
    'sandbox.unavailable',
    `Pod ${metadata?.name} cannot start: ${reason} of container ${name}, ${message}. Correct the image or the settings of the sandbox.`,
  );
}

function noImage({ metadata }: V1Pod, { container: name, message }: Waiting): LonghaulError {
  return new LonghaulError(
    'sandbox.start_failed',
    `Pod ${metadata?.name} has no image for container ${name}: ${message}. Check the image's name in the settings of the sandbox, the registry, and what the nodes may pull.`,
  );
}

interface Waiting {
  readonly container: string;
  readonly reason: string;
  readonly message: string;
}

function reasonOf({ name, state }: V1ContainerStatus): Waiting | null {
  const { reason, message } = state?.waiting ?? {};
  if (reason === undefined || reason === 'PodInitializing' || reason === 'ContainerCreating') return null;
  return { container: name, reason, message: message ?? 'no message' };
}

function waitingWords({ status }: V1Pod, waiting: Waiting | null): string {
  const unscheduled = status?.conditions?.find(
    (one) => one.type === 'PodScheduled' && one.status === 'False',
  );
  if (unscheduled !== undefined)
    return `a place on a node: ${unscheduled.message ?? unscheduled.reason ?? ''}`;
  if (waiting !== null) return `container ${waiting.container}: ${waiting.reason}, ${waiting.message}`;
  return 'its containers';
}

function endOf(pod: V1Pod): string {
  const { metadata, status } = pod;
  const ends = statusesOf(pod).flatMap(({ name, state, lastState }) => {
    const end = state?.terminated ?? lastState?.terminated;
    return end === undefined ? [] : [`${name} ended with ${end.exitCode} (${end.reason ?? 'no reason'})`];
  });
  const deleted = metadata?.deletionTimestamp === undefined ? [] : ['it was deleted'];
  const disruption = status?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.message;
  return [status?.reason, status?.message, disruption, ...deleted, ...ends]
    .filter((part) => part !== undefined && part !== '')
    .join('; ');
}
