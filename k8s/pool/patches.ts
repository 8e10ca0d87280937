import {
  type BatchV1Api,
  type CoreV1Api,
  PatchStrategy,
  setHeaderOptions,
  type V1Job,
  type V1Pod,
} from '@kubernetes/client-node';
import { unless } from '../api-faults.ts';

/** One of JSON Patch, RFC 6902: all of a list hold, or nothing is changed. */
export type Change =
  | { readonly op: 'test' | 'add'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** What the API server answers to a test that fails, to the removal of what there is not, and for an object that is gone. */
const refusals = [422, 404];
const options = () => setHeaderOptions('Content-Type', PatchStrategy.JsonPatch);

export const inMetadata = (kind: 'labels' | 'annotations', name: string): string =>
  `/metadata/${kind}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** Changes an object if all tests hold; null when one does not, or when there is no such object. */
export interface Patches {
  job(name: string, changes: readonly Change[]): Promise<V1Job | null>;
  pod(name: string, changes: readonly Change[]): Promise<V1Pod | null>;
}

export function createPatches(
  { jobs, core }: { readonly jobs: BatchV1Api; readonly core: CoreV1Api },
  namespace: string,
): Patches {
  const ifHeld = async <T>(call: Promise<T>): Promise<T | null> => await unless(refusals, null, call);
  return {
    job: (name, changes) => ifHeld(jobs.patchNamespacedJob({ name, namespace, body: changes }, options())),
    pod: (name, changes) => ifHeld(core.patchNamespacedPod({ name, namespace, body: changes }, options())),
  };
}
