import type { V1Job } from '@kubernetes/client-node';
import type { LeaseId } from '../../contracts/ids.ts';
import { digestOf } from '../../sandbox/machine.ts';
import { jobOf, label, managedBy, type PodSettings } from '../job.ts';
import { agentLook } from './agent-look.ts';
import { type NetworkTargets, neighbourProgram, networkLook } from './network-look.ts';

export const canaryLabel = 'longhaul.dev/canary';
export const canaryMemoryBytes = 512 * 1024 ** 2;
const lifetimeSeconds = 300;
const keptSeconds = 60;

/**
 * A Job whose pod is made as those of leases are, by the same function: only what its containers run differs. The keeper's container looks at the
 * network and ends, then the agent's looks at itself. It is no lease: nobody adopts it, and it goes by itself.
 */
export function canaryJob(name: string, settings: PodSettings, targets: NetworkTargets): V1Job {
  const { job, pod } = base(name, settings);
  const [keeper] = pod?.initContainers ?? [];
  const [agent] = pod?.containers ?? [];
  if (job.spec === undefined || pod === undefined || keeper === undefined || agent === undefined)
    throw new Error('the Job of a lease has two containers');
  const { lifecycle: _, restartPolicy: __, ...looks } = keeper;
  pod.initContainers = [
    {
      ...looks,
      command: ['node', '-e', networkLook, '--', JSON.stringify(targets)],
      env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } }],
    },
  ];
  pod.containers = [{ ...agent, command: ['sh', '-c', agentLook] }];
  return job;
}

/** A pod that would be reached if pods could reach each other. */
export function neighbourJob(name: string, settings: PodSettings): V1Job {
  const { job, pod } = base(name, settings);
  const [keeper] = pod?.initContainers ?? [];
  if (pod === undefined || keeper === undefined) throw new Error('the Job of a lease has a keeper');
  const { lifecycle: _, restartPolicy: __, ...listens } = keeper;
  pod.initContainers = [];
  pod.containers = [{ ...listens, command: ['node', '-e', neighbourProgram] }];
  return job;
}

/** The same with what Pod Security `restricted` forbids. */
export function privilegedPod(job: V1Job): V1Job {
  const copy = structuredClone(job);
  for (const container of copy.spec?.template.spec?.containers ?? [])
    container.securityContext = { privileged: true, runAsUser: 0, runAsNonRoot: false };
  return copy;
}

function base(name: string, settings: PodSettings) {
  const input = {
    leaseId: name as LeaseId,
    taskId: 'canary' as Parameters<typeof jobOf>[0]['taskId'],
    owner: 'canary',
    specDigest: digestOf(settings),
    limits: { memoryBytes: canaryMemoryBytes, processes: 64, maxFileBytes: 1 },
  };
  const job = structuredClone(
    jobOf(input, { ...settings, activeDeadlineSeconds: lifetimeSeconds, ttlSeconds: keptSeconds }),
  );
  const labels = { [label.managedBy]: managedBy, [canaryLabel]: 'true' };
  job.metadata = { name, namespace: settings.namespace, labels };
  if (job.spec !== undefined) job.spec.template.metadata = { labels };
  return { job, pod: job.spec?.template.spec };
}
