import type { V1Job } from '@kubernetes/client-node';
import { errorCode, LonghaulError } from '../contracts/error.ts';
import { type LeaseId, LeaseIdSchema } from '../contracts/ids.ts';
import type { SandboxSetup, SandboxSpec } from '../contracts/sandbox.ts';
import { digestOf } from '../sandbox/machine.ts';
import type { SetupArchive } from '../sandbox/protocol.ts';
import { parseAllowList } from '../sandbox/proxy/allow-list.ts';
import { type EgressSettings, egressUrl } from './egress-url.ts';
import { type JobInput, jobOf, type PodSettings } from './job.ts';
import type { RunningPod } from './keeper-calls.ts';
import type { LeaseJobs } from './leases.ts';
import type { AcquireWatch, PodStart } from './pod-start.ts';
import { createSetupResults, type KeptSetup } from './setup-results.ts';
import { bringArchive, fetchArchive } from './setup-transfer.ts';

/** Network policy lets pods with this label reach the egress proxy, and no others. */
export const setupLabel = 'longhaul.dev/setup-egress';
const maxTries = 3;

export interface SetupPodsDeps {
  readonly leases: LeaseJobs;
  readonly start: PodStart;
  readonly settings: PodSettings;
  readonly owner: string;
  /** Null where setups have no way out. */
  readonly egress: EgressSettings | null;
  readonly cacheDir: string;
}

export interface LeaseSetup {
  readonly kept: KeptSetup;
  readonly reused: boolean;
}

/** Setups run in pods of their own, which alone have the way out: what remains of one is an archive, and the pod of a lease never has a network. */
export interface SetupPods {
  /** What the lease is to be made with; null when it needs nothing, because it has no setup or is being made already. Throws what `acquire` throws. */
  resultFor(spec: SandboxSpec, watch: AcquireWatch): Promise<LeaseSetup | null>;
  /** Brings it to the lease's pod. Throws `sandbox.start_failed` when that is of another image. */
  deliver(spec: SandboxSpec, pod: RunningPod, setup: LeaseSetup, signal: AbortSignal): Promise<void>;
  /** Ends a setup that runs for a lease. */
  end(leaseId: LeaseId): Promise<void>;
}

export function createSetupPods(deps: SetupPodsDeps): SetupPods {
  const { leases, start, settings, egress } = deps;
  const results = createSetupResults(deps.cacheDir);
  // The image's name, since what it means is known by its pods alone; `deliver` compares.
  const keyOf = (setup: SandboxSetup): string => `${setup.digest} ${settings.image}`;

  /** A worker that died in between has left a pod, made or not. One that has ended says so to who goes on with it. */
  const isPrepared = async (leaseId: LeaseId, { signal }: AcquireWatch): Promise<boolean> => {
    const state = await leases.look(leaseId);
    if (state?.kind === 'ended') return true;
    if (state?.kind !== 'running') return false;
    const { value } = await start.callLive(leaseId, { call: 'prepared' }, { signal });
    return value === true;
  };

  const runOnce = async (spec: SandboxSpec, setup: SandboxSetup, watch: AcquireWatch): Promise<KeptSetup> => {
    const { taskId, limits } = spec;
    const leaseId = setupLeaseId(spec.leaseId);
    const specDigest = digestOf({ setup, settings, limits });
    const withEgress = setup.hosts.length > 0;
    const input = { leaseId, taskId, owner: deps.owner, specDigest, limits };
    await leases.create(setupJob(input, settings, withEgress));
    const pod = await start.untilRunning(leaseId, watch);
    await start.tell({ ...spec, leaseId, setup: null }, specDigest, pod, watch.signal);
    const { commands, hosts, timeoutMs } = setup;
    const url = egress === null || !withEgress ? null : await egressUrl(egress, spec, setup, pod);
    const { value, bytes } = await start.callLive(
      leaseId,
      { call: 'setup', setup: { commands, hosts, timeoutMs, egressUrl: url } },
      { signal: watch.signal, onProgress: watch.onProgress },
    );
    const archive = value as SetupArchive;
    watch.onProgress({ phase: 'setup', tail: `fetching what the setup has made, ${archive.bytes} bytes` });
    const archiveFile = results.newArchive();
    await fetchArchive(start, leaseId, archive, archiveFile, watch.signal);
    return { archive, archiveFile, exclude: bytes ?? Buffer.alloc(0), imageId: pod.imageId };
  };

  /** In words why it came to nothing, when its pod was lost under it. */
  const attempt = async (
    spec: SandboxSpec,
    setup: SandboxSetup,
    watch: AcquireWatch,
  ): Promise<KeptSetup | string> => {
    try {
      return await runOnce(spec, setup, watch);
    } catch (error) {
      // Given up it goes on, for whoever asks next; and a cluster that cannot be asked may run it well.
      if (watch.signal.aborted || errorCode(error) === 'server.unavailable') throw error;
      const how = await leases.look(setupLeaseId(spec.leaseId));
      await leases.remove(setupLeaseId(spec.leaseId));
      if (errorCode(error) !== 'sandbox.lost') throw error;
      return how?.kind === 'ended' ? how.how : 'its pod is gone';
    }
  };

  const run = async (spec: SandboxSpec, setup: SandboxSetup, watch: AcquireWatch): Promise<KeptSetup> => {
    for (let tries = 1; ; tries += 1) {
      const made = await attempt(spec, setup, watch);
      if (typeof made !== 'string') return made;
      if (tries === maxTries) throw lostTooOften(spec, made);
      const tail = `the pod of the setup was lost (${made}): it starts again in another`;
      watch.onProgress({ phase: 'setup', tail });
    }
  };

  return {
    async resultFor(spec, watch) {
      const { setup } = spec;
      if (setup === null) return null;
      parseAllowList(setup.hosts);
      if (await isPrepared(spec.leaseId, watch)) return null;
      const kept = results.find(keyOf(setup));
      if (kept !== null) {
        watch.onProgress({ phase: 'setup', tail: 'reusing the result of an earlier setup' });
        return { kept, reused: true };
      }
      if (egress === null && setup.hosts.length > 0) throw withoutEgress(spec, setup);
      results.keep(keyOf(setup), await run(spec, setup, watch));
      await leases.remove(setupLeaseId(spec.leaseId));
      const made = results.find(keyOf(setup));
      if (made === null) throw new LonghaulError('internal.bug', `The kept setup ${setup.digest} is gone.`);
      return { kept: made, reused: false };
    },

    async deliver({ leaseId, setup }, { imageId }, made, signal) {
      if (setup !== null && made.kept.imageId !== imageId) {
        results.drop(keyOf(setup));
        throw anotherImage(leaseId, settings.image, made.kept.imageId, imageId);
      }
      await bringArchive(start, leaseId, made, signal);
    },

    end: (leaseId) => leases.remove(setupLeaseId(leaseId)),
  };
}

/** Where a lease's setup runs. */
export function setupLeaseId(leaseId: LeaseId): LeaseId {
  return LeaseIdSchema.parse(leaseId.endsWith('.setup') ? leaseId : `${leaseId}.setup`);
}

function setupJob(input: JobInput, settings: PodSettings, withEgress: boolean): V1Job {
  const job = jobOf(input, settings);
  const metadata = job.spec?.template.metadata;
  if (withEgress && metadata !== undefined) metadata.labels = { ...metadata.labels, [setupLabel]: 'true' };
  return job;
}

function withoutEgress({ leaseId }: SandboxSpec, { hosts }: SandboxSetup): LonghaulError {
  return new LonghaulError(
    'sandbox.unavailable',
    `The setup of lease ${leaseId} needs ${hosts.slice(0, 10).join(', ')}, and no egress proxy is set: deploy it and name it in the settings of the Kubernetes sandbox (docs/kubernetes.md).`,
  );
}

function lostTooOften({ leaseId }: SandboxSpec, how: string): LonghaulError {
  return new LonghaulError(
    'sandbox.start_failed',
    `The setup of lease ${leaseId} lost its pod ${maxTries} times in a row, the last one so: ${how}. Look at the events of its namespace for what ends them.`,
  );
}

function anotherImage(leaseId: LeaseId, image: string, had: string, has: string): LonghaulError {
  return new LonghaulError(
    'sandbox.start_failed',
    `The setup ran in ${had} and the pod of lease ${leaseId} has ${has}, both by the name ${image}: its result is dropped, and acquiring the lease again runs the setup again. Name the image by its digest if this goes on.`,
  );
}
