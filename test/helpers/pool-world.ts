import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AuthorizationV1Api, BatchV1Api, CoreV1Api, type V1Pod } from '@kubernetes/client-node';
import { inject, onTestFinished, vi } from 'vitest';
import { type LeaseId, LeaseIdSchema, TaskIdSchema } from '../../contracts/ids.ts';
import type { Sandbox, SandboxLimits, SandboxSpec } from '../../contracts/sandbox.ts';
import { jobName, jobOf, label } from '../../k8s/job.ts';
import { createKubernetesSandbox } from '../../k8s/kubernetes-sandbox.ts';
import { createLeaseJobs } from '../../k8s/leases.ts';
import { createPodWakes } from '../../k8s/pod-wakes.ts';
import { createPodClaim } from '../../k8s/pool/claim.ts';
import { createPodPool } from '../../k8s/pool/pool.ts';
import { poolLabel } from '../../k8s/pool/pool-jobs.ts';
import { digestOf } from '../../sandbox/machine.ts';
import { testNamespace } from './kubectl.ts';
import { kubeConfig, usual } from './kubernetes-sandbox.ts';
import { makeSource } from './local-sandbox.ts';

const limits: SandboxLimits = { memoryBytes: 512 * 1024 ** 2, processes: 128, maxFileBytes: 1024 ** 2 };
export const taskId = TaskIdSchema.parse('pooled');
export const leaseOf = (number: number): LeaseId => LeaseIdSchema.parse(`${taskId}.${number}`);

/** Pods that wait, and workers that take them, in a namespace of their own; all gone at the end of the test. */
export async function poolWorld() {
  const directory = mkdtempSync(path.join(tmpdir(), 'longhaul-pool-'));
  const { gitDir, commit } = makeSource(directory);
  const space = await testNamespace({ deny: true });
  const cluster = kubeConfig();
  const api = {
    jobs: cluster.makeApiClient(BatchV1Api),
    core: cluster.makeApiClient(CoreV1Api),
    rights: cluster.makeApiClient(AuthorizationV1Api),
  };
  const { image, keeperImage } = inject('cluster');
  const settings = { ...usual, namespace: space.name, image, keeperImage };
  const { namespace } = settings;
  const owner = path.basename(directory).toLowerCase();
  const specDigest = digestOf({ limits, settings });
  onTestFinished(async () => {
    await space[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });
  const podsWith = async (labelSelector: string): Promise<readonly V1Pod[]> =>
    (await api.core.listNamespacedPod({ namespace, labelSelector })).items;
  const worker = (name: string): Sandbox =>
    createKubernetesSandbox({
      cluster,
      settings,
      owner,
      stateDir: path.join(directory, name),
      cacheDir: path.join(directory, 'cache'),
      egress: null,
      usesPool: true,
      requireWalls: async () => undefined,
    });
  const pool = (size: number, more: Partial<SandboxLimits> = {}) =>
    createPodPool({ cluster, settings, owner, limits: { ...limits, ...more }, size });
  const nameOf = (leaseId: LeaseId): string => jobName({ leaseId, owner });
  const wakes = createPodWakes({ cluster, namespace, owner, say: (line) => process.emitWarning(line) });
  return {
    api,
    namespace,
    worker,
    pool,
    nameOf,
    /** Taking a pod and nothing else, by way of an API that may fail. */
    take: (leaseId: LeaseId, through: typeof api = api) =>
      createPodClaim(through, createLeaseJobs(through, settings, owner, wakes), settings, {
        owner,
        usesPool: true,
      }).take(jobOf({ leaseId, taskId, owner, specDigest, limits }, settings), specDigest),
    acquire: (sandbox: Sandbox, leaseId: LeaseId) => {
      const spec: SandboxSpec = { leaseId, taskId, source: { gitDir, commit }, setup: null, limits };
      return sandbox.acquire(spec, { signal: new AbortController().signal, onProgress: () => undefined });
    },
    waiting: () => podsWith(poolLabel),
    podsOf: (leaseId: LeaseId) => podsWith(`${label.lease}=${nameOf(leaseId)}`),
    jobNames: async () =>
      (await api.jobs.listNamespacedJob({ namespace })).items.map(({ metadata }) => metadata?.name ?? ''),
    /** Looks after a pool until so many of its pods wait. */
    async untilReady(size: number, more: Partial<SandboxLimits> = {}) {
      await vi.waitFor(
        async () => {
          const ready = await pool(size, more).tend();
          if (ready < size) throw new Error(`${ready} of ${size} pods wait`);
        },
        { timeout: 120_000, interval: 500 },
      );
    },
  };
}
