import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LonghaulError } from '../contracts/error.ts';
import type { LeaseId } from '../contracts/ids.ts';
import type { Lease, Sandbox, SandboxSpec, Step, StepResult, StepWatch } from '../contracts/sandbox.ts';
import { callWhileAlive } from './call-while-alive.ts';
import { diskFull } from './keeper/git.ts';
import { lostResult } from './keeper/server.ts';
import { createStepRecords, type StepRecords } from './keeper/step-records.ts';
import { type CallOptions, type CallOutcome, callKeeper } from './keeper-client.ts';
import {
  createLeaseDirectory,
  errnoOf,
  leaseFile,
  listLeaseDirectories,
  readJsonFile,
  removeLeaseDirectory,
  sweepTrash,
} from './lease-files.ts';
import { clearAwayProcesses, recordedProcesses, waitForEnd } from './leftovers.ts';
import { digestOf, type Machine, requireMachine } from './machine.ts';
import { probeMachine } from './probe.ts';
import type {
  KeeperCall,
  KeeperCheckpoint,
  KeeperLease,
  KeeperSecrets,
  KeeperStepResult,
  LeaseConfig,
} from './protocol.ts';

export interface LocalSandboxDeps {
  /** Trusted; the leases lie in `leases/` below it. Never visible inside. */
  readonly stateDir: string;
  /** Trusted; results of setups are kept here by their digest, and the compiled code of keepers. */
  readonly cacheDir: string;
  /** The Node that keepers run on. */
  readonly nodePath: string;
  /** Directories of tools that the operator lends, read-only, at the same path; their `bin` and `shims` come first on PATH. */
  readonly readOnlyPaths: readonly string[];
  /** Where bwrap, git and tar are looked for, after /usr/bin and the like. */
  readonly searchPath: readonly string[];
  /** The operator's own HTTP proxy, for setups; null for the direct way. May hold credentials: they stay outside the sandbox. */
  readonly upstreamProxyUrl: string | null;
  /** A lease that nobody has called for so long gives itself up; see `defaultIdleLimitMs`. */
  readonly idleLimitMs: number;
  /** A keeper that answers nothing for so long counts as dead; see `defaultSilenceLimitMs`. */
  readonly silenceLimitMs: number;
}

/** Longer than people leave an approval over a holiday week-end, short enough that forgotten sandboxes do not fill a disk. */
export const defaultIdleLimitMs = 7 * 24 * 60 * 60 * 1000;

const keeperProgram = fileURLToPath(new URL('./keeper/main.ts', import.meta.url));
const keeperStartLimitMs = 15_000;
const keeperPollMs = 15;
const pingLimitMs = 5_000;
/** The largest work trees take minutes; a keeper that needs longer is taken for stuck. */
const workLimitMs = 20 * 60_000;
const releaseLimitMs = 60_000;

/**
 * Sandboxes on this machine: bubblewrap on Linux. Each lease has a keeper, a process of its own that outlives the worker; this object
 * holds no state, so any number of processes may use the same directories. There is no way to run without a sandbox.
 */
export function createLocalSandbox(deps: LocalSandboxDeps): Sandbox {
  const leasesDir = path.join(deps.stateDir, 'leases');
  const directoryOf = (leaseId: LeaseId): string => path.join(leasesDir, leaseId);

  const call = async (leaseId: LeaseId, request: KeeperCall, options?: CallOptions): Promise<CallOutcome> =>
    await callKeeper(directoryOf(leaseId), request, options);

  /** For what may take hours. A keeper found silent is ended, so that it does not come back and go on with what was given up. */
  const callLong = async (
    leaseId: LeaseId,
    request: KeeperCall,
    options: CallOptions,
  ): Promise<CallOutcome> => {
    const { silenceLimitMs } = deps;
    const outcome = await callWhileAlive(directoryOf(leaseId), request, { ...options, silenceLimitMs });
    if (outcome.kind === 'silent') await clearAwayProcesses(directoryOf(leaseId));
    return outcome;
  };

  const callLive = async (
    leaseId: LeaseId,
    request: KeeperCall,
    options: CallOptions,
  ): Promise<Extract<CallOutcome, { kind: 'done' }>> => {
    const outcome = await callLong(leaseId, request, options);
    if (outcome.kind === 'done') return outcome;
    throw lost(leaseId);
  };

  /** A keeper that does not even answer a ping is not asked to tidy up. */
  const askToRelease = async (leaseId: LeaseId): Promise<CallOutcome> => {
    const ping = await call(leaseId, { call: 'ping' }, { limitMs: pingLimitMs });
    return ping.kind === 'done'
      ? await call(leaseId, { call: 'release' }, { limitMs: releaseLimitMs })
      : ping;
  };

  /** Calls `acquire`, starting the keeper when there is none yet. */
  const reachKeeper = async (leaseId: LeaseId, options: CallOptions): Promise<KeeperLease> => {
    const end = Date.now() + keeperStartLimitMs;
    const ask = (): Promise<CallOutcome> => callLong(leaseId, { call: 'acquire' }, options);
    let outcome: CallOutcome = await ask();
    if (outcome.kind === 'absent') startKeeper(deps, directoryOf(leaseId));
    while (outcome.kind === 'absent') {
      if (Date.now() > end) throw keeperSilent(leaseId, directoryOf(leaseId));
      await delay(keeperPollMs);
      outcome = await ask();
    }
    if (outcome.kind === 'done') return outcome.value as KeeperLease;
    throw lost(leaseId);
  };

  return {
    probe: () => probeMachine(deps),

    async acquire(spec, watch) {
      watch.signal.throwIfAborted();
      // Most often it is there, and then the machine need not be looked at.
      const found = readConfig(directoryOf(spec.leaseId));
      const created =
        found === undefined &&
        createLease(leasesDir, spec.leaseId, configOf(deps, spec, requireMachine(deps)));
      if (!created) refuseOtherSpec(found ?? readConfig(directoryOf(spec.leaseId)), spec);
      const lease = await reachKeeper(spec.leaseId, { signal: watch.signal, onProgress: watch.onProgress });
      return { ...lease, adopted: !created, renewAtMs: null } satisfies Lease;
    },

    async exec(leaseId, step, watch) {
      const outcome = await callLong(leaseId, execCall(step), execOptions(step, watch));
      if (outcome.kind !== 'done') return recordedOrLost(directoryOf(leaseId), step);
      const result = outcome.value as KeeperStepResult;
      return { ...result, output: outcome.bytes ?? new Uint8Array() } satisfies StepResult;
    },

    // From the disk, as a dead keeper cannot be asked: it is written before the command may run.
    began: async (leaseId, stepId) => recordsOf(directoryOf(leaseId)).wasStarted(stepId),

    async cancel(leaseId, stepId) {
      // One that is stuck would hold up the end of its task for ever; whoever cancels releases the lease next.
      await call(leaseId, { call: 'cancel', stepId }, { limitMs: pingLimitMs });
    },

    async checkpoint(leaseId, input) {
      const { value, bytes } = await callLive(
        leaseId,
        { call: 'checkpoint', ...input },
        { limitMs: workLimitMs },
      );
      return { ...(value as KeeperCheckpoint), pack: bytes };
    },

    async restore(leaseId, source) {
      await callLive(leaseId, { call: 'restore', ...source }, { limitMs: workLimitMs });
    },

    async release(leaseId) {
      const keeper = recordedProcesses(directoryOf(leaseId))?.keeper;
      const outcome = await askToRelease(leaseId);
      if (outcome.kind !== 'done') {
        await clearAwayProcesses(directoryOf(leaseId));
        await removeLeaseDirectory(leasesDir, leaseId);
      } else if (keeper !== undefined) {
        // It answers before it ends.
        await waitForEnd(keeper);
      }
      await sweepTrash(leasesDir);
    },

    async leases() {
      const names = listLeaseDirectories(leasesDir);
      const listed = names.map(async (name) => {
        const config = readConfig(path.join(leasesDir, name));
        if (config === undefined) return [];
        const { leaseId, taskId } = config.spec;
        const { kind } = await call(leaseId, { call: 'ping' }, { limitMs: pingLimitMs });
        // One that is silent may only be busy.
        return [{ leaseId, taskId, alive: kind === 'done' || kind === 'silent' }];
      });
      return (await Promise.all(listed)).flat();
    },
  };
}

function createLease(leasesDir: string, leaseId: LeaseId, config: LeaseConfig): boolean {
  try {
    return createLeaseDirectory(leasesDir, leaseId, JSON.stringify(config));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOSPC' || errno === 'EDQUOT') throw diskFull(`lease ${leaseId} in ${leasesDir}`);
    if (errno !== 'EACCES' && errno !== 'EPERM' && errno !== 'EROFS') throw error;
    throw new LonghaulError(
      'disk.no_permission',
      `${leasesDir} cannot be written to (${errno}), and sandboxes lie there. Give this user the directory, or choose another state directory.`,
      { cause: error },
    );
  }
}

function execCall(step: Step): KeeperCall {
  const { stdin, ...command } = step;
  return { call: 'exec', step: command, stdinBytes: stdin?.byteLength ?? null };
}

function execOptions(step: Step, watch: StepWatch): CallOptions {
  const options: CallOptions = {
    signal: watch.signal,
    onTail: (tail, offset) => watch.onOutput(tail, { stepId: step.stepId, pod: null, offset: offset ?? 0 }),
  };
  return step.stdin === null ? options : { ...options, stdin: step.stdin };
}

function recordsOf(leaseDirectory: string): StepRecords {
  return createStepRecords(path.join(leaseDirectory, leaseFile.steps));
}

/** What a dead lease still knows of a step: its result, or what it had written. */
function recordedOrLost(leaseDirectory: string, step: Step): StepResult {
  const records = recordsOf(leaseDirectory);
  const result = records.readResult(step.stepId) ?? lostResult(0);
  return { ...result, adopted: records.wasStarted(step.stepId), output: records.readOutput(step.stepId) };
}

function configOf(deps: LocalSandboxDeps, spec: SandboxSpec, machine: Machine): LeaseConfig {
  return {
    spec,
    specDigest: specDigestOf(spec),
    imageDigest: machine.imageDigest,
    nodePath: deps.nodePath,
    readOnlyPaths: deps.readOnlyPaths,
    tools: machine.tools,
    disableUserns: machine.disableUserns,
    cacheDir: deps.cacheDir,
    idleLimitMs: deps.idleLimitMs,
  };
}

function readConfig(leaseDirectory: string): LeaseConfig | undefined {
  return readJsonFile(path.join(leaseDirectory, leaseFile.config)) as LeaseConfig | undefined;
}

/**
 * What the caller may count on. The source is left out, a live workspace has moved on from it; and what the operator lends, which a worker
 * that was started again may see otherwise.
 */
function specDigestOf({ setup, limits }: SandboxSpec): LeaseConfig['specDigest'] {
  return digestOf({ setup, limits: [limits.memoryBytes, limits.processes, limits.maxFileBytes] });
}

function refuseOtherSpec(found: LeaseConfig | undefined, wanted: SandboxSpec): void {
  const specDigest = specDigestOf(wanted);
  if (found === undefined || found.specDigest === specDigest) return;
  throw new LonghaulError(
    'sandbox.conflict',
    `Lease ${wanted.leaseId} exists with another specification (${found.specDigest}, asked for ${specDigest}). Release it, or take the next lease id.`,
  );
}

function startKeeper(
  {
    nodePath,
    upstreamProxyUrl,
    cacheDir,
  }: Pick<LocalSandboxDeps, 'nodePath' | 'upstreamProxyUrl' | 'cacheDir'>,
  leaseDirectory: string,
): void {
  const log = openSync(path.join(leaseDirectory, leaseFile.log), 'a', 0o600);
  const child = spawn(nodePath, [keeperProgram, leaseDirectory], {
    detached: true,
    // Half a second of processor time and 20 MiB of memory less for each.
    env: { NODE_COMPILE_CACHE: path.join(cacheDir, 'compiled') },
    cwd: '/',
    stdio: ['pipe', log, log],
  });
  closeSync(log);
  // A program that cannot be started shows by the keeper's silence.
  child.on('error', () => undefined);
  // One that ends early, since another keeper is there already, does not read.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(JSON.stringify({ upstreamProxyUrl } satisfies KeeperSecrets));
  child.unref();
}

function keeperSilent(leaseId: LeaseId, leaseDirectory: string): LonghaulError {
  const log = path.join(leaseDirectory, leaseFile.log);
  return new LonghaulError(
    'sandbox.start_failed',
    `The keeper of lease ${leaseId} did not answer within ${keeperStartLimitMs} ms. ${existsSync(log) ? `Its log is ${log}.` : 'It has written no log.'} Release the lease and acquire the next one.`,
  );
}

function lost(leaseId: LeaseId): LonghaulError {
  return new LonghaulError(
    'sandbox.lost',
    `The sandbox of lease ${leaseId} is gone. Acquire the next lease and restore the last checkpoint.`,
  );
}
