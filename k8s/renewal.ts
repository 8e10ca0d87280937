import type { PodSettings } from './job.ts';

/**
 * When a task is to leave a pod, long before its deadline ends whatever runs in it: at half of its time, so that what an iteration has
 * begun just before still has as much again. Null where the cluster has not said when the pod began.
 */
export function renewalOf(
  startedAtMs: number | null,
  { activeDeadlineSeconds }: Pick<PodSettings, 'activeDeadlineSeconds'>,
): number | null {
  return startedAtMs === null ? null : startedAtMs + (activeDeadlineSeconds * 1000) / 2;
}
