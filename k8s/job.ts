import { createHash } from 'node:crypto';
import path from 'node:path';
import type { V1Container, V1Job, V1PodSpec, V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import type { Digest, LeaseId, TaskId } from '../contracts/ids.ts';
import type { SandboxLimits } from '../contracts/sandbox.ts';
import { agentEnvironment, inside } from '../sandbox/inside.ts';
import { agentCommand, keeperSocket, lentObjects, podPlace, subPath } from '../sandbox/pod/places.ts';

/** What a company sets for all its sandboxes. */
export interface PodSettings {
  readonly namespace: string;
  /** For tasks: a POSIX shell and the tools of their repositories. */
  readonly image: string;
  /** Longhaul's own: Node, git and the keeper's program. */
  readonly keeperImage: string;
  readonly imagePullPolicy: 'IfNotPresent' | 'Always' | 'Never';
  readonly serviceAccount: string;
  /** gVisor, Kata; null for the cluster's usual one. */
  readonly runtimeClass: string | null;
  /** Whether pods get a user namespace of their own (`hostUsers: false`, Kubernetes 1.33). */
  readonly userNamespaces: boolean;
  readonly cpu: { readonly request: string; readonly limit: string };
  readonly memoryRequestBytes: number;
  readonly diskBytes: number;
  /** A PersistentVolumeClaim with repositories, for the keepers to take from what large ones have; null for none. */
  readonly mirrorClaim: string | null;
  /** The pod ends after this, whatever is in it. */
  readonly activeDeadlineSeconds: number;
  /** The pod ends when nobody has called for so long and no command runs: those of a worker that is gone do not stay. */
  readonly idleLimitSeconds: number;
  /** What the pods give way to; null for the cluster's usual one. */
  readonly priorityClass: string | null;
  /** How long a pod may wait for a node, its images and its containers. */
  readonly startLimitSeconds: number;
  /** How long a Job that has ended can still be looked at: longer than a worker's outage. */
  readonly ttlSeconds: number;
}

export interface JobInput {
  readonly leaseId: LeaseId;
  readonly taskId: TaskId;
  /** Whose leases these are: one home's workers never touch another's. */
  readonly owner: string;
  readonly specDigest: Digest;
  readonly limits: SandboxLimits;
}

export const container = { agent: 'agent', keeper: 'keeper' } as const;
export const label = {
  managedBy: 'app.kubernetes.io/managed-by',
  task: 'longhaul.dev/task',
  owner: 'longhaul.dev/owner',
  /** The name of its lease's Job: how a pod is found, whichever Job made it. */
  lease: 'longhaul.dev/lease-job',
} as const;
export const annotation = {
  lease: 'longhaul.dev/lease',
  spec: 'longhaul.dev/spec-digest',
  /** Of a lease that has taken a pod of the pool: which, whose Job it is, and that this stays so. */
  pod: 'longhaul.dev/pod',
  podJob: 'longhaul.dev/pod-job',
  settled: 'longhaul.dev/settled',
} as const;
export const managedBy = 'longhaul';

const user = 65_532;
/** How long a node may be out of reach before its pods are given up. */
const awayLimitSeconds = 120;
/** Room for the keeper's threads and the runner, which count for the same user. */
const ownProcesses = 48;

/** A Job's name is a label of its pods, which ends at 63 characters; the pods' names get six more. */
export function jobName({ leaseId, owner }: Pick<JobInput, 'leaseId' | 'owner'>): string {
  const readable = leaseId
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 36)
    .replaceAll(/^-+|-+$/g, '');
  return `lh-${readable}-${createHash('sha256').update(`${owner}\0${leaseId}`).digest('hex').slice(0, 10)}`;
}

/** The Job of one lease: the same input gives the same Job. */
export function jobOf(input: JobInput, settings: PodSettings): V1Job {
  const labels = {
    [label.managedBy]: managedBy,
    [label.task]: input.taskId.slice(0, 63),
    [label.owner]: input.owner,
    [label.lease]: jobName(input),
  };
  const annotations = { [annotation.lease]: input.leaseId, [annotation.spec]: input.specDigest };
  return podJob({ name: jobName(input), labels, annotations }, input.limits, settings);
}

export interface JobMarks {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A Job of one pod that a lease can have. Nothing in the pod's own part tells of any. */
export function podJob(
  { name, labels, annotations }: JobMarks,
  limits: SandboxLimits,
  settings: PodSettings,
): V1Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: settings.namespace, labels, annotations },
    spec: {
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      podReplacementPolicy: 'Failed',
      ttlSecondsAfterFinished: settings.ttlSeconds,
      template: { metadata: { labels, annotations }, spec: podOf(limits, settings) },
    },
  };
}

function podOf(limits: SandboxLimits, settings: PodSettings): V1PodSpec {
  return {
    restartPolicy: 'Never',
    activeDeadlineSeconds: settings.activeDeadlineSeconds,
    terminationGracePeriodSeconds: 5,
    automountServiceAccountToken: false,
    serviceAccountName: settings.serviceAccount,
    enableServiceLinks: false,
    hostUsers: !settings.userNamespaces,
    ...(settings.runtimeClass === null ? {} : { runtimeClassName: settings.runtimeClass }),
    ...(settings.priorityClass === null ? {} : { priorityClassName: settings.priorityClass }),
    // A kubelet that starts again within this time costs nothing; after it the task goes on elsewhere.
    tolerations: ['not-ready', 'unreachable'].map((condition) => ({
      key: `node.kubernetes.io/${condition}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: awayLimitSeconds,
    })),
    // Nothing resolves names in here: the way out is a proxy, which resolves them itself.
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['127.0.0.1'] },
    hostname: 'sandbox',
    shareProcessNamespace: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    // A sidecar: it is there before the agent, and does not keep the Job from ending.
    initContainers: [keeperOf(settings)],
    containers: [agentOf(limits, settings)],
    volumes: volumes(settings),
  };
}

const hardened = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  privileged: false,
  capabilities: { drop: ['ALL'] },
};

function agentOf(
  limits: SandboxLimits,
  { image, imagePullPolicy, cpu, memoryRequestBytes, diskBytes }: PodSettings,
): V1Container {
  return {
    name: container.agent,
    image,
    imagePullPolicy,
    command: ['sh', '-c', agentCommand, 'sh', String(limits.processes + ownProcesses)],
    workingDir: inside.workspace,
    securityContext: hardened,
    env: Object.entries(agentEnvironment).map(([name, value]) => ({ name, value })),
    resources: {
      requests: {
        cpu: cpu.request,
        memory: String(memoryRequestBytes),
        'ephemeral-storage': String(diskBytes),
      },
      limits: { cpu: cpu.limit, memory: String(limits.memoryBytes), 'ephemeral-storage': String(diskBytes) },
    },
    volumeMounts: [
      { ...mount('workspace', inside.workspace), subPath: subPath.workspace },
      { ...readOnly('agent-git', inside.git), subPath: subPath.agentGit },
      { ...readOnly('source', lentObjects), subPath: subPath.source },
      { ...readOnly('control', inside.control), subPath: subPath.control },
      mount('shell', podPlace.shell),
      mount('home', inside.home),
      mount('tmp', inside.tmp),
    ],
  };
}

const untilListening = `until [ -S ${podPlace.lease}/${keeperSocket} ]; do sleep 0.02; done`;

function keeperOf({ keeperImage, imagePullPolicy, mirrorClaim, idleLimitSeconds }: PodSettings): V1Container {
  return {
    name: container.keeper,
    image: keeperImage,
    imagePullPolicy,
    restartPolicy: 'Always',
    command: ['node', '/opt/longhaul/sandbox/pod/main.ts', String(idleLimitSeconds)],
    // The image brings its code compiled: without it Node takes four times as long to start.
    env: [{ name: 'NODE_COMPILE_CACHE', value: '/opt/longhaul/compiled' }],
    // The agent's container is made when this has come back: by then the directories are there that it shows.
    lifecycle: { postStart: { exec: { command: ['sh', '-c', untilListening] } } },
    workingDir: podPlace.lease,
    securityContext: hardened,
    resources: {
      requests: { cpu: '50m', memory: '96Mi' },
      limits: { cpu: '2', memory: '1Gi' },
    },
    volumeMounts: [
      mount('workspace', path.dirname(podPlace.workspace)),
      mount('agent-git', path.dirname(podPlace.agentGit)),
      mount('source', podPlace.source),
      mount('control', path.dirname(podPlace.control)),
      mount('lease', podPlace.lease),
      ...(mirrorClaim === null ? [] : [readOnly('mirror', podPlace.mirror)]),
    ],
  };
}

const mount = (name: string, mountPath: string): V1VolumeMount => ({ name, mountPath });
const readOnly = (name: string, mountPath: string): V1VolumeMount => ({ name, mountPath, readOnly: true });

function volumes({ diskBytes, mirrorClaim }: PodSettings): V1Volume[] {
  const sized = { emptyDir: { sizeLimit: String(diskBytes) } };
  const names = ['workspace', 'agent-git', 'source', 'control', 'lease', 'shell', 'home', 'tmp'];
  const own = names.map((name) => ({ name, ...sized }));
  if (mirrorClaim === null) return own;
  return [...own, { name: 'mirror', persistentVolumeClaim: { claimName: mirrorClaim, readOnly: true } }];
}
