import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { defaultLimits } from '../../../activities/ports.ts';
import type { CommitId } from '../../../contracts/ids.ts';
import { DigestSchema, LeaseIdSchema, TaskIdSchema } from '../../../contracts/ids.ts';
import { jobOf } from '../../../k8s/job.ts';
import type { PodWorld } from './pod-world.ts';
import { median, progress, type Row, timed, times } from './table.ts';

const run = promisify(execFile);
const rounds = 7;
const claims = 15;
const poolSize = 5;
const steps = 40;
const pollMs = 20;

export interface Source {
  readonly gitDir: string;
  readonly commit: CommitId;
}

/** A pod of the task's image alone, as hardened as a lease's, until its container runs. */
async function barePod({ api, settings }: PodWorld, name: string): Promise<void> {
  const { namespace } = settings;
  const input = {
    leaseId: LeaseIdSchema.parse('bare.1'),
    taskId: TaskIdSchema.parse('bare'),
    owner: 'bare',
    specDigest: DigestSchema.parse(`sha256:${'0'.repeat(64)}`),
    limits: defaultLimits.sandbox,
  };
  const spec = jobOf(input, settings).spec?.template.spec;
  const [agent] = spec?.containers ?? [];
  if (spec === undefined || agent === undefined) throw new Error('a Job without a container');
  const { volumeMounts: _, ...container } = agent;
  const bare = {
    ...spec,
    initContainers: [],
    volumes: [],
    containers: [{ ...container, workingDir: '/', command: ['sleep', '1000'] }],
  };
  await api.core.createNamespacedPod({ namespace, body: { metadata: { name }, spec: bare } });
  for (;;) {
    const { status } = await api.core.readNamespacedPod({ name, namespace });
    if (status?.containerStatuses?.[0]?.state?.running !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Until a lease can run a command, with its files, against a pod that only sleeps; in turn. */
export async function coldLease(world: PodWorld, source: Source): Promise<readonly Row[]> {
  const found = { bare: [] as number[], lease: [] as number[] };
  for (let round = 0; round <= rounds; round += 1) {
    const name = `bare-${round}`;
    const leaseId = world.nextLease();
    const bareMs = await timed(() => barePod(world, name));
    const leaseMs = await timed(() => world.acquire(leaseId, source));
    await world.sandbox.release(leaseId);
    const { namespace } = world.settings;
    await world.api.core.deleteNamespacedPod({ name, namespace, body: { gracePeriodSeconds: 0 } });
    progress(
      `bare pod ${bareMs.toFixed(0)} ms, lease ${leaseMs.toFixed(0)} ms${round === 0 ? ' (not counted)' : ''}`,
    );
    if (round === 0) continue;
    found.bare.push(bareMs);
    found.lease.push(leaseMs);
  }
  const ratio = (median(found.lease) / median(found.bare)).toFixed(2);
  return [
    { what: 'bare pod of the image, until its container runs', found: times(found.bare), aim: '' },
    {
      what: 'cold lease, until it can run a command',
      found: `${times(found.lease)}: ${ratio} of it`,
      aim: 'at most 1.3',
    },
  ];
}

/** Leases from a pool, one after the other; the pool is full before each round of as many as it has. */
export async function warmLease(world: PodWorld, source: Source): Promise<readonly Row[]> {
  const found: number[] = [];
  while (found.length < claims) {
    await world.untilWaiting(poolSize);
    for (let of = 0; of < poolSize; of += 1) {
      const leaseId = world.nextLease();
      found.push(await timed(() => world.acquire(leaseId, source)));
      progress(`lease from the pool ${found.at(-1)?.toFixed(0)} ms`);
      await world.sandbox.release(leaseId);
    }
  }
  await world.untilWaiting(0);
  return [
    {
      what: 'lease from the pool, until it can run a command',
      found: times(found),
      aim: 'p50 at most 0.5 s',
    },
  ];
}

/** A command that does nothing, as a step and by `kubectl exec`, in turn in one pod. */
export async function warmStep(world: PodWorld, source: Source): Promise<readonly Row[]> {
  const leaseId = world.nextLease();
  await world.acquire(leaseId, source);
  const { items } = await world.api.core.listNamespacedPod({ namespace: world.settings.namespace });
  const pod = items.find(({ metadata }) => metadata?.annotations?.['longhaul.dev/lease'] === leaseId);
  const [program, ...args] = world.kubectl;
  const exec = [...args, 'exec', '--container', 'agent', pod?.metadata?.name ?? '', '--', 'true'];
  const found = { step: [] as number[], kubectl: [] as number[] };
  for (let round = -3; round < steps; round += 1) {
    const kubectlMs = await timed(() =>
      run(program, exec, { env: { ...process.env, NO_PROXY: '*', no_proxy: '*' } }),
    );
    const stepMs = await timed(() => world.shell(leaseId, 'true'));
    if (round < 0) continue;
    found.kubectl.push(kubectlMs);
    found.step.push(stepMs);
  }
  await world.sandbox.release(leaseId);
  const ratio = (median(found.step) / median(found.kubectl)).toFixed(2);
  return [
    { what: 'kubectl exec of true', found: times(found.kubectl), aim: '' },
    { what: 'step of true in a lease', found: `${times(found.step)}: ${ratio} of it`, aim: 'at most 1.3' },
  ];
}
