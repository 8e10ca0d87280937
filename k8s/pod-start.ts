import { errorCode, LonghaulError } from '../contracts/error.ts';
import { type CommitId, CommitIdSchema, type Digest, DigestSchema, type LeaseId } from '../contracts/ids.ts';
import type { Sandbox, SandboxSpec } from '../contracts/sandbox.ts';
import type { CallOptions, CallOutcome } from '../sandbox/keeper-client.ts';
import { digestOf } from '../sandbox/machine.ts';
import type { KeeperCall } from '../sandbox/protocol.ts';
import type { PodSettings } from './job.ts';
import type { CallPod, RunningPod } from './keeper-calls.ts';
import type { LeaseJobs } from './leases.ts';
import type { PodState } from './pod-state.ts';
import { shallowEnds, someAncestors, sourcePack } from './source-pack.ts';

const firstLookMs = 1_000;
const lookAgainMs = 2_000;
/** A place in a full quota may become free in the next moment; after this whoever waits is told. */
const refusedLimitMs = 15_000;
/** How long a keeper may take for one piece of work on files. */
export const workLimitMs = 20 * 60_000;

export type AcquireWatch = Parameters<Sandbox['acquire']>[1];

/** What brings a pod from its Job to a keeper that knows its lease. Each may be called again after any failure. */
export interface PodStart {
  /** Throws `sandbox.lost` once the pod has ended. */
  callLive(
    leaseId: LeaseId,
    request: KeeperCall,
    options?: CallOptions,
  ): Promise<Extract<CallOutcome, { kind: 'done' }>>;
  untilRunning(leaseId: LeaseId, watch: AcquireWatch): Promise<RunningPod>;
  /** Tells a keeper its lease and sends what it lacks of the source; done already, nothing happens. */
  tell(spec: SandboxSpec, specDigest: Digest, pod: RunningPod, signal: AbortSignal): Promise<void>;
  /** Sends a commit of the source, without another that the keeper has. */
  send(leaseId: LeaseId, gitDir: string, commit: CommitId, without: CommitId | null): Promise<void>;
}

/** `directoryOf` is where a lease's files may lie on this side. */
export function createPodStart(
  leases: LeaseJobs,
  call: CallPod,
  directoryOf: (leaseId: LeaseId) => string,
  { startLimitSeconds, mirrorClaim }: Pick<PodSettings, 'startLimitSeconds' | 'mirrorClaim'>,
): PodStart {
  const startLimitMs = startLimitSeconds * 1000;
  const callLive: PodStart['callLive'] = async (leaseId, request, options) => {
    const outcome = await call(leaseId, request, options).catch(whenLost);
    if (outcome !== null && outcome.kind === 'done') return outcome;
    const state = await leases.look(leaseId);
    throw lost(leaseId, state?.kind === 'ended' ? state.how : '');
  };
  const send: PodStart['send'] = async (leaseId, gitDir, commit, without) => {
    using pack = await sourcePack(gitDir, commit, without, directoryOf(leaseId));
    const { packBytes, indexBytes, stream } = pack;
    await callLive(
      leaseId,
      { call: 'receive', packBytes, indexBytes },
      { body: stream, limitMs: workLimitMs },
    );
  };
  /** All that the keeper lacks: of a mirror what there is, the rest from here. */
  const supply = async (leaseId: LeaseId, { gitDir, commit }: SandboxSpec['source']): Promise<void> => {
    if (mirrorClaim === null) return await send(leaseId, gitDir, commit, null);
    const commits = await someAncestors(gitDir, commit);
    const { value } = await callLive(leaseId, { call: 'borrow', commits }, { limitMs: workLimitMs });
    const borrowed = typeof value === 'string' ? CommitIdSchema.parse(value) : null;
    if (borrowed !== commit) await send(leaseId, gitDir, commit, borrowed);
  };
  return {
    callLive,
    send,
    async untilRunning(leaseId, watch) {
      const end = Date.now() + startLimitMs;
      const refusal = watchRefusal(leases, leaseId);
      using waker = leases.wakerOf(leaseId);
      for (;;) {
        watch.signal.throwIfAborted();
        const state = await lookAtLive(leases, leaseId);
        if (state?.kind === 'running') return state;
        const waitsFor = state?.waitsFor ?? (await refusal()) ?? 'its pod to be made';
        if (Date.now() > end) throw notStarted(leaseId, waitsFor, startLimitSeconds);
        watch.onProgress({ phase: 'start', tail: `waits for ${waitsFor}` });
        // What the cluster says of a pod that it does not make is no event.
        await waker.next(watch.signal, state === null ? firstLookMs : undefined);
      }
    },
    async tell(spec, specDigest, { imageId }, signal) {
      const { leaseId, limits, source } = spec;
      const lease = {
        leaseId,
        specDigest,
        limits,
        commit: source.commit,
        shallow: shallowEnds(source.gitDir),
        imageDigest: imageDigestOf(imageId),
        setupDigest: spec.setup?.digest ?? null,
      };
      const { value: lacksSource } = await callLive(leaseId, { call: 'make', lease }, { signal });
      if (lacksSource === true) await supply(leaseId, source);
    },
  };
}

async function lookAtLive(
  leases: LeaseJobs,
  leaseId: LeaseId,
): Promise<Exclude<PodState, { kind: 'ended' }> | null> {
  const state = await leases.look(leaseId);
  if (state?.kind === 'ended') throw lost(leaseId, state.how);
  return state;
}

/** A keeper outlives its agent's container by moments, and does not know what the cluster knows of its end. */
function whenLost(error: unknown): null {
  if (errorCode(error) === 'sandbox.lost') return null;
  throw error;
}

/** The image's own digest, as the runtime names it, whatever the settings call the image. */
function imageDigestOf(imageId: string): Digest {
  const named = DigestSchema.safeParse(imageId.slice(imageId.lastIndexOf('sha256:')));
  return named.success ? named.data : digestOf(imageId);
}

/** Asked again and again while a Job has no pod: why, in words; throws once the cluster has refused for too long. */
function watchRefusal(leases: LeaseJobs, leaseId: LeaseId): () => Promise<string | null> {
  let nextLook = Date.now() + firstLookMs;
  let since: number | null = null;
  let found: string | null = null;
  return async () => {
    if (Date.now() < nextLook) return found;
    found = await leases.whyNoPod(leaseId);
    nextLook = Date.now() + lookAgainMs;
    since = found === null ? null : (since ?? Date.now());
    if (since !== null && Date.now() - since > refusedLimitMs) throw refused(leaseId, found ?? '');
    return found;
  };
}

function refused(leaseId: LeaseId, found: string): LonghaulError {
  return new LonghaulError(
    'sandbox.start_failed',
    `The cluster makes no pod for lease ${leaseId}: ${found}. Where a quota is full, wait or raise it; else correct the settings of the sandbox or its namespace.`,
  );
}

function notStarted(leaseId: LeaseId, waitsFor: string, limitSeconds: number): LonghaulError {
  return new LonghaulError(
    'sandbox.start_failed',
    `The pod of lease ${leaseId} did not start within ${limitSeconds} s: it waits for ${waitsFor}.`,
  );
}

export function lost(leaseId: LeaseId, how = ''): LonghaulError {
  return new LonghaulError(
    'sandbox.lost',
    `The sandbox of lease ${leaseId} is gone${how === '' ? '' : ` (${how})`}. Acquire the next lease and restore the last checkpoint.`,
  );
}
