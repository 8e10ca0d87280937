import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchV1Api, CoreV1Api, KubeConfig, NetworkingV1Api } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import { defaultLimits } from '../../../activities/ports.ts';
import {
  type CommitId,
  type LeaseId,
  LeaseIdSchema,
  type StepId,
  TaskIdSchema,
} from '../../../contracts/ids.ts';
import type { Sandbox } from '../../../contracts/sandbox.ts';
import type { PodSettings } from '../../../k8s/job.ts';
import { createKubernetesSandbox } from '../../../k8s/kubernetes-sandbox.ts';
import { createPodPool } from '../../../k8s/pool/pool.ts';
import { KubernetesConfigSchema } from '../../../workers/kubernetes-config.ts';
import { images } from '../../cluster/images/contents.ts';
import { runDirectory } from '../../cluster/paths.ts';
import { up } from '../../cluster/up.ts';
import { progress } from './table.ts';

const watch = { signal: new AbortController().signal, onProgress: () => {}, onOutput: () => {} };
const taskId = TaskIdSchema.parse('bench');
const { sandbox: limits } = defaultLimits;
const owner = `bench-${randomBytes(4).toString('hex')}`;

/** A namespace of a cluster, with a worker's sandboxes in it. */
export interface PodWorld {
  readonly home: string;
  readonly settings: PodSettings;
  readonly api: { readonly jobs: BatchV1Api; readonly core: CoreV1Api };
  readonly kubectl: readonly [program: string, ...args: string[]];
  readonly sandbox: Sandbox;
  /** For workers of their own, which `LONGHAUL_KUBERNETES_CONFIG` tells of it. */
  readonly environment: Readonly<Record<string, string>>;
  nextLease(): LeaseId;
  acquire(leaseId: LeaseId, source: { readonly gitDir: string; readonly commit: CommitId }): Promise<unknown>;
  shell(leaseId: LeaseId, line: string): Promise<void>;
  /** Looks after the pool until so many pods wait. */
  untilWaiting(size: number): Promise<void>;
  close(): Promise<void>;
}

/** The cluster that KUBECONFIG names, else this machine's own, which is left up. */
export async function openPodWorld(): Promise<PodWorld> {
  const { kubeconfig, program } = await findCluster();
  const cluster = new KubeConfig();
  cluster.loadFromFile(kubeconfig);
  const api = { jobs: cluster.makeApiClient(BatchV1Api), core: cluster.makeApiClient(CoreV1Api) };
  const namespace = `longhaul-${owner}`;
  await makeNamespace(cluster, namespace);
  const home = mkdtempSync(join(tmpdir(), 'longhaul-bench-'));
  const asked = {
    namespace,
    image: process.env['LONGHAUL_TASK_IMAGE'] ?? images.task.reference,
    keeperImage: process.env['LONGHAUL_KEEPER_IMAGE'] ?? images.keeper.reference,
    cpu: { request: '20m', limit: '2' },
    memoryRequestBytes: 64 * 1024 ** 2,
    owner,
  };
  const parsed = KubernetesConfigSchema.parse(asked);
  const { owner: _, pool: __, acceptedRisks: ___, outside: ____, ...settings } = parsed;
  const config = join(home, 'kubernetes.yaml');
  mkdirSync(home, { recursive: true });
  writeFileSync(config, stringify(asked));
  const sandbox = createKubernetesSandbox({
    cluster,
    settings,
    owner,
    stateDir: home,
    cacheDir: `${home}/cache`,
    egress: null,
    usesPool: true,
    requireWalls: async () => undefined,
  });
  const tend = (size: number) => createPodPool({ cluster, settings, owner, limits, size }).tend();
  let leases = 0;
  let steps = 0;
  return {
    home,
    settings,
    api,
    sandbox,
    kubectl: [program, '--kubeconfig', kubeconfig, '--namespace', namespace],
    environment: {
      LONGHAUL_SANDBOX: 'kubernetes',
      LONGHAUL_KUBERNETES_CONFIG: config,
      KUBECONFIG: kubeconfig,
    },
    nextLease() {
      leases += 1;
      return LeaseIdSchema.parse(`${taskId}.${leases}`);
    },
    acquire: (leaseId, source) => sandbox.acquire({ leaseId, taskId, source, setup: null, limits }, watch),
    async shell(leaseId, line) {
      steps += 1;
      const step = {
        stepId: `bench-${steps}` as StepId,
        argv: ['sh', '-c', line] as const,
        cwd: '.',
        env: {},
        stdin: null,
      };
      const limit = { timeoutMs: 600_000, maxOutputBytes: 1024 * 1024 };
      const { status, output } = await sandbox.exec(leaseId, { ...step, ...limit }, watch);
      if (status !== 'ok')
        throw new Error(`a command of the bench ended as ${status}: ${Buffer.from(output)}`);
    },
    async untilWaiting(size) {
      while ((await tend(size)) < size) await new Promise((resolve) => setTimeout(resolve, 300));
    },
    async close() {
      for (const { leaseId } of await sandbox.leases()) await sandbox.release(leaseId);
      await api.core.deleteNamespace({ name: namespace });
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function findCluster() {
  const chosen = process.env['KUBECONFIG'] ?? '';
  if (chosen !== '') return { kubeconfig: chosen, program: 'kubectl' };
  const { signal } = new AbortController();
  const directory = runDirectory(process.env);
  const { kubeconfig, programs } = await up({ directory, env: process.env, report: progress, signal });
  return { kubeconfig, program: join(programs, 'kubectl') };
}

/** As tasks get it: Pod Security `restricted`, and no network. */
async function makeNamespace(cluster: KubeConfig, name: string): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await cluster.makeApiClient(CoreV1Api).createNamespace({ body: { metadata: { name, labels } } });
  const spec = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };
  const body = { metadata: { name: 'default-deny' }, spec };
  await cluster.makeApiClient(NetworkingV1Api).createNamespacedNetworkPolicy({ namespace: name, body });
}
