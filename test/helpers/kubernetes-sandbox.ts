import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BatchV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { inject, vi } from 'vitest';
import type { LeaseId } from '../../contracts/ids.ts';
import type { Sandbox } from '../../contracts/sandbox.ts';
import { jobName, type PodSettings } from '../../k8s/job.ts';
import { createKubernetesSandbox, type KubernetesSandboxDeps } from '../../k8s/kubernetes-sandbox.ts';
import { setupLeaseId } from '../../k8s/setup-pods.ts';
import type { SandboxFixture } from '../conformance/sandbox-support.ts';
import type { TestEgress } from './egress-proxy.ts';
import { type TestNamespace, testNamespace } from './kubectl.ts';
import { makeSource } from './local-sandbox.ts';

/** Small, so that many fit on one node. */
export const usual: Omit<PodSettings, 'namespace' | 'image' | 'keeperImage'> = {
  imagePullPolicy: 'IfNotPresent',
  serviceAccount: 'default',
  runtimeClass: null,
  userNamespaces: true,
  cpu: { request: '20m', limit: '2' },
  memoryRequestBytes: 64 * 1024 ** 2,
  diskBytes: 2 * 1024 ** 3,
  mirrorClaim: null,
  activeDeadlineSeconds: 3600,
  idleLimitSeconds: 600,
  ttlSeconds: 3600,
  priorityClass: null,
  startLimitSeconds: 300,
};

export interface KubernetesFixture extends SandboxFixture {
  readonly cluster: KubeConfig;
  readonly namespace: string;
  /** Another client of the same leases, by another way to the cluster or with other limits. */
  through(more: Partial<Omit<KubernetesSandboxDeps, 'settings' | 'owner' | 'stateDir'>>): Sandbox;
  podUid(leaseId: LeaseId): Promise<string>;
}

/** Settings of pods that are small. */
export function podSettings(namespace: string, more: Partial<PodSettings> = {}): PodSettings {
  const { image, keeperImage } = inject('cluster');
  return { ...usual, namespace, image, keeperImage, ...more };
}

/** A namespace that the caller ends, and who the worker is. */
interface Place {
  readonly space?: TestNamespace;
  readonly cluster?: KubeConfig;
  readonly egress?: TestEgress | null;
}

/** Sandboxes of the tests' cluster, in a namespace of their own. */
export async function makeKubernetesFixture(
  more: Partial<PodSettings> = {},
  { space, cluster = kubeConfig(), egress = null }: Place = {},
): Promise<KubernetesFixture> {
  const directory = mkdtempSync(path.join(tmpdir(), 'longhaul-pods-'));
  const { gitDir, commit } = makeSource(directory);
  const stateDir = path.join(directory, 'state');
  const owner = path.basename(directory).toLowerCase();
  const own = space ?? (await testNamespace({ deny: true }));
  await egress?.allow(own.name);
  const { own: machine } = inject('cluster');
  const settings = podSettings(own.name, more);
  const { namespace } = settings;
  const [jobs, core] = [cluster.makeApiClient(BatchV1Api), cluster.makeApiClient(CoreV1Api)];
  const through: KubernetesFixture['through'] = (other) =>
    createKubernetesSandbox({
      cluster,
      settings,
      owner,
      stateDir,
      cacheDir: path.join(directory, 'cache'),
      egress,
      usesPool: false,
      requireWalls: async () => undefined,
      ...other,
    });
  const create = () => through({});
  const podsOf = async (leaseId: LeaseId) => {
    const labelSelector = `batch.kubernetes.io/job-name=${jobName({ leaseId, owner })}`;
    return (await core.listNamespacedPod({ namespace, labelSelector })).items.map(
      (pod) => pod.metadata?.name ?? '',
    );
  };
  const sandbox = create();
  return {
    sandbox,
    another: create,
    through,
    cluster,
    namespace,
    async podUid(leaseId) {
      const [name = ''] = await podsOf(leaseId);
      return (await core.readNamespacedPod({ name, namespace })).metadata?.uid ?? '';
    },
    gitDir,
    commit,
    hostAddress: machine?.machineAddress ?? '127.0.0.1',
    hidden: [stateDir, gitDir, '/longhaul', '/var/run/secrets', '/run/containerd'],
    async killKeeper(leaseId) {
      for (const name of await podsOf(leaseId))
        await core.deleteNamespacedPod({ name, namespace, body: { gracePeriodSeconds: 0 } });
      await vi.waitFor(
        async () => {
          if ((await podsOf(leaseId)).length > 0) throw new Error(`the pod of ${leaseId} is still there`);
        },
        { timeout: 30_000, interval: 100 },
      );
    },
    async leftovers(leaseId) {
      const all = await jobs.listNamespacedJob({ namespace });
      const ids = [leaseId, setupLeaseId(leaseId)];
      const names = ids.map((id) => jobName({ leaseId: id, owner }));
      const found = all.items
        .map(({ metadata }) => metadata?.name ?? '')
        .filter((name) => names.includes(name));
      const pods = (await Promise.all(ids.map(podsOf))).flat();
      return [...found.map((name) => `job ${name}`), ...pods.map((pod) => `pod ${pod}`)];
    },
    async cleanup() {
      for (const { leaseId } of await sandbox.leases()) await sandbox.release(leaseId);
      if (space === undefined) await own[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function kubeConfig(): KubeConfig {
  const { kubeconfig, own } = inject('cluster');
  const cluster = new KubeConfig();
  if (own === undefined) cluster.loadFromDefault();
  else cluster.loadFromFile(kubeconfig);
  return cluster;
}
