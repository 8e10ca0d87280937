import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import {
  AuthorizationV1Api,
  BatchV1Api,
  CoreV1Api,
  type KubeConfig,
  type V1Job,
  type V1Pod,
} from '@kubernetes/client-node';
import { LonghaulError } from '../../contracts/error.ts';
import { answered, notFound, unless } from '../api-faults.ts';
import { container, type PodSettings } from '../job.ts';
import { createJobAdmission } from '../job-admission.ts';
import { pause } from '../pause.ts';
import { podState } from '../pod-state.ts';
import { canaryJob, neighbourJob, privilegedPod } from './canary-job.ts';
import { type CanaryFinding, judge, parseLook } from './findings.ts';
import { neighbourPort } from './network-look.ts';

const pollMs = 200;

export interface LookDeps {
  readonly cluster: KubeConfig;
  readonly settings: PodSettings;
  /** Addresses that no sandbox may reach, `host:port`, beside those of the cluster. */
  readonly outside: readonly string[];
}

/**
 * Makes two pods of the shape of a lease's, looks what one of them can do, and removes both. Throws `sandbox.start_failed`,
 * `sandbox.unavailable` and `server.unavailable` where that cannot be seen.
 */
export async function lookAtWalls(
  { cluster, settings, outside }: LookDeps,
  signal: AbortSignal,
): Promise<readonly CanaryFinding[]> {
  const { namespace } = settings;
  const jobs = cluster.makeApiClient(BatchV1Api);
  const core = cluster.makeApiClient(CoreV1Api);
  const rights = cluster.makeApiClient(AuthorizationV1Api);
  const admission = createJobAdmission({ jobs, core, rights }, namespace);
  const mark = randomBytes(5).toString('hex');
  const names = { neighbour: `lh-canary-${mark}-n`, canary: `lh-canary-${mark}` };

  const podOf = async (job: V1Job, isThere: (pod: V1Pod) => boolean): Promise<V1Pod> => {
    const labelSelector = `batch.kubernetes.io/job-name=${job.metadata?.name}`;
    const end = Date.now() + settings.startLimitSeconds * 1000;
    for (;;) {
      signal.throwIfAborted();
      const [pod] = (await answered(core.listNamespacedPod({ namespace, labelSelector }))).items;
      if (pod !== undefined && isThere(pod)) return pod;
      await refuseHopeless(job, pod);
      if (Date.now() > end) throw notSeen(job, `it has not come so far in ${settings.startLimitSeconds} s`);
      await pause(pollMs, signal);
    }
  };
  const refuseHopeless = async (job: V1Job, pod: V1Pod | undefined): Promise<void> => {
    if (pod !== undefined) {
      // Throws for one that can never start.
      podState(pod);
      return;
    }
    const refused = await admission.whyNoPod(job);
    if (refused !== null) throw notSeen(job, `the cluster refuses its pod: ${refused}`);
  };

  const start = async (job: V1Job): Promise<V1Job> => {
    await answered(admission.create(job));
    return job;
  };

  try {
    const neighbour = await podOf(await start(neighbourJob(names.neighbour, settings)), isRunning);
    const connect = await targets(cluster, neighbour, outside);
    const job = canaryJob(names.canary, settings, { connect });
    const refused = await admission.whyNoPod(job);
    if (refused !== null) throw notSeen(job, `the cluster refuses its pod: ${refused}`);
    const privilegedRefused = (await admission.whyNoPod(privilegedPod(job))) !== null;
    const pod = await podOf(await start(job), hasEnded);
    return judge({
      privilegedRefused,
      reached: reachedOf(pod),
      agent: lookOf(pod, job),
      expectsUserNamespace: settings.userNamespaces,
      ownRuntime: settings.runtimeClass !== null,
    });
  } finally {
    // One that cannot be removed now ends by its deadline and goes by its TTL.
    const body = { propagationPolicy: 'Background', gracePeriodSeconds: 0 };
    for (const name of Object.values(names))
      await unless(notFound, null, jobs.deleteNamespacedJob({ name, namespace, body })).catch(
        () => undefined,
      );
  }
}

const isRunning = ({ status }: V1Pod): boolean => status?.phase === 'Running' && status.podIP !== undefined;
const hasEnded = ({ status }: V1Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** What each pod would look for first. */
async function targets(cluster: KubeConfig, neighbour: V1Pod, outside: readonly string[]) {
  const server = new URL(cluster.getCurrentCluster()?.server ?? 'https://127.0.0.1');
  const { address } = await lookup(server.hostname);
  return {
    'the API server': '$API:443',
    'the API server from outside': `${address}:${server.port === '' ? 443 : server.port}`,
    'the kubelet': '$NODE:10250',
    'another pod': `${neighbour.status?.podIP}:${neighbourPort}`,
    'the metadata address': '169.254.169.254:80',
    ...Object.fromEntries(outside.map((target) => [target, target])),
  };
}

/** Throws for a container that never began. */
function lookOf(pod: V1Pod, job: V1Job) {
  const said = messageOf(pod, container.agent);
  const seen = parseLook(said);
  if (seen.has('processes')) return seen;
  throw notSeen(
    job,
    `its agent's container has not told what it sees (${said.slice(0, 400) || 'without a word'})`,
  );
}

function messageOf({ status }: V1Pod, name: string): string {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return all.find((one) => one.name === name)?.state?.terminated?.message ?? '';
}

/** A container that could not tell is one that may have reached everything. */
function reachedOf(pod: V1Pod): readonly string[] {
  const said = messageOf(pod, container.keeper);
  const parsed: unknown = said.startsWith('[') ? JSON.parse(said) : null;
  if (Array.isArray(parsed)) return parsed.map(String);
  return [
    `what nobody knows, since its look at the network failed (${said.slice(0, 200) || 'without a word'})`,
  ];
}

function notSeen({ metadata }: V1Job, found: string): LonghaulError {
  return new LonghaulError(
    'sandbox.start_failed',
    `The walls of sandboxes in namespace ${metadata?.namespace} could not be looked at, by Job ${metadata?.name}: ${found}.`,
  );
}
