import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LonghaulError } from '../../contracts/error.ts';
import type { SetupProgress } from '../../contracts/sandbox.ts';
import { errnoOf, leaseFile, writeFileAtomically } from '../lease-files.ts';
import { identify } from '../processes.ts';
import type { KeeperConfig, KeeperLease, StepCommand } from '../protocol.ts';
import { type Confine, createConfine } from './confine.ts';
import { createFifoPool } from './fifo-pool.ts';
import { createGate } from './gate.ts';
import { createGit, diskFull } from './git.ts';
import { makeAgentRepository, makeKeeperRepository } from './git-directories.ts';
import { createGuard } from './guard.ts';
import { withOwner } from './index-owner.ts';
import { createLimits, type Limits, ownProcesses } from './limits.ts';
import { agentId } from './root-files.ts';
import { planSandbox } from './sandbox-plan.ts';
import { type SandboxProcess, startSandboxProcess } from './sandbox-process.ts';
import { runSetup, type SetupOutcome } from './setup.ts';
import { createStepRecords, type RecordedResult } from './step-records.ts';
import { createSteps, type RunningStep, type Steps } from './steps.ts';
import { createSurvey } from './survey.ts';
import { type CheckpointInput, createWorkspace, type Workspace } from './workspace.ts';

const startLimitMs = 20_000;
const freezeLimitMs = 5_000;

/** Where the keeper and the sandbox are, so that a lease whose keeper was killed can be cleared away. */
export interface RecordedProcesses {
  readonly keeper: ReturnType<typeof identify>;
  readonly sandbox: ReturnType<typeof identify>;
  readonly cgroups: readonly string[];
}

/** One lease's trusted side, in this process. */
export interface Keeper {
  /** The lease once the sandbox runs. Rejects when it could not be made. */
  readonly ready: Promise<KeeperLease>;
  onProgress(listener: (progress: SetupProgress) => void): () => void;
  /** Resolves when the sandbox has ended, whether it was asked to or not. */
  readonly sandboxEnded: Promise<string>;
  exec(step: StepCommand, stdin: Buffer | null): Promise<ExecOutcome>;
  cancel(stepId: string): void;
  checkpoint(input: CheckpointInput): ReturnType<Workspace['checkpoint']>;
  restore(source: { readonly gitDir: string; readonly commit: string }): Promise<void>;
  readOutput(stepId: string): Buffer;
  /** Ends every process of the sandbox and gives back its control groups. */
  stop(): Promise<void>;
}

export type ExecOutcome =
  | { readonly kind: 'recorded'; readonly result: RecordedResult }
  | { readonly kind: 'running'; readonly step: RunningStep; readonly adopted: boolean }
  | { readonly kind: 'lost'; readonly started: boolean };

interface Live {
  readonly sandbox: SandboxProcess;
  readonly steps: Steps;
  readonly workspace: Workspace;
  readonly lease: KeeperLease;
}

/** Starts making the lease at once. The directory holds its configuration and nothing else. */
export function createKeeper(deps: {
  readonly leaseDirectory: string;
  readonly config: KeeperConfig;
  readonly log: (message: string) => void;
}): Keeper {
  const { config, leaseDirectory } = deps;
  const records = createStepRecords(path.join(leaseDirectory, leaseFile.steps));
  const limits = createLimits(`longhaul-${config.spec.leaseId}-${process.pid}`, config.spec.limits);
  const { bwrap, sh, git, find } = config.tools;
  const confine = createConfine({ bwrap, sh, programs: [git, find], ...placesOf(leaseDirectory) });
  const stepsGate = createGate();
  const filesGate = createGate();
  const listeners = new Set<(progress: SetupProgress) => void>();
  const progress = (value: SetupProgress): void => {
    for (const listener of listeners) listener(value);
  };
  const starting = new Map<string, Promise<RunningStep>>();
  let sandboxNow: SandboxProcess | null = null;
  let stopped = false;

  const record = (sandbox: SandboxProcess | null): void => {
    sandboxNow = sandbox;
    // Asked to stop while it was being started.
    if (stopped) sandbox?.kill();
    const processes: RecordedProcesses = {
      keeper: identify(process.pid),
      sandbox: sandbox === null ? undefined : identify(sandbox.pid),
      cgroups: limits.directories,
    };
    writeFileAtomically(path.join(leaseDirectory, leaseFile.processes), JSON.stringify(processes), false);
  };
  record(null);

  const live = makeLease(deps, limits, confine, records, progress, record);
  const alive = async (): Promise<Live> => {
    const made = await live;
    if (made.sandbox.isEnded()) throw sandboxLost(config.spec.leaseId);
    return made;
  };

  /** Git works on the files only while no command of the sandbox can change them. */
  const frozen = async <T>(work: (made: Live) => Promise<T>): Promise<T> => {
    const made = await alive();
    const thaw = await made.sandbox.hold(limits, freezeLimitMs);
    try {
      return await work(made);
    } finally {
      thaw();
    }
  };

  const startOnce = (made: Live, step: StepCommand, stdin: Buffer | null): Promise<RunningStep> => {
    const start = stepsGate.shared(() => filesGate.shared(() => made.steps.start(step, stdin)));
    starting.set(step.stepId, start);
    const forget = (): void => {
      starting.delete(step.stepId);
    };
    start.then(forget, forget);
    // A restore waits until the step has ended; a checkpoint waits for its start only.
    void stepsGate.shared(() => start.then((entry) => entry.done)).catch(() => undefined);
    return start;
  };

  const ready = live.then((made) => made.lease);
  // Nobody may be waiting for it when it fails.
  ready.catch(() => undefined);
  return {
    ready,
    onProgress(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    sandboxEnded: live.then((made) => made.sandbox.ended),
    async exec(step, stdin) {
      const made = await live;
      const running = made.steps.running(step.stepId) ?? (await starting.get(step.stepId));
      if (running !== undefined) return { kind: 'running', step: running, adopted: true };
      const result = records.readResult(step.stepId);
      if (result !== undefined) return { kind: 'recorded', result };
      const started = records.wasStarted(step.stepId);
      if (started || made.sandbox.isEnded()) return { kind: 'lost', started };
      return { kind: 'running', step: await startOnce(made, step, stdin), adopted: false };
    },
    cancel(stepId) {
      void live.then((made) => made.steps.running(stepId)?.cancel()).catch(() => undefined);
    },
    checkpoint: (input) => filesGate.alone(() => frozen((made) => made.workspace.checkpoint(input))),
    restore: (source) =>
      stepsGate.alone(() => filesGate.alone(() => frozen((made) => made.workspace.restore(source)))),
    readOutput: (stepId) => records.readOutput(stepId),
    async stop() {
      stopped = true;
      sandboxNow?.kill();
      await live.then((made) => made.sandbox.ended).catch(() => undefined);
      await confine.end();
      await limits.remove();
    },
  };
}

function placesOf(leaseDirectory: string): { readonly gitDir: string; readonly workTree: string } {
  return {
    gitDir: path.join(leaseDirectory, leaseFile.git),
    workTree: path.join(leaseDirectory, leaseFile.workspace),
  };
}

export function sandboxLost(leaseId: string): LonghaulError {
  return new LonghaulError(
    'sandbox.lost',
    `The sandbox of lease ${leaseId} has ended, and what was not checkpointed with it. Acquire the next lease and restore the last checkpoint.`,
  );
}

async function makeLease(
  deps: {
    readonly leaseDirectory: string;
    readonly config: KeeperConfig;
    readonly log: (message: string) => void;
  },
  limits: Limits,
  confine: Confine,
  records: ReturnType<typeof createStepRecords>,
  progress: (value: SetupProgress) => void,
  record: (sandbox: SandboxProcess | null) => void,
): Promise<Live> {
  const { config } = deps;
  const { spec, tools } = config;
  const at = (name: string): string => path.join(deps.leaseDirectory, name);
  try {
    progress({ phase: 'checkout', tail: '' });
    mkdirSync(at(leaseFile.workspace), { mode: 0o755 });
    mkdirSync(at(leaseFile.steps), { mode: 0o700 });
    makeKeeperRepository(at(leaseFile.git), spec.source);
    const places = placesOf(deps.leaseDirectory);
    const git = createGit({ git: tools.git, confine, ...places });
    const workspace = createWorkspace({
      git,
      ...places,
      maxFileBytes: spec.limits.maxFileBytes,
      survey: createSurvey({ find: tools.find, confine }),
    });
    await workspace.checkOut(spec.source.commit);

    writeFileSync(at('empty'), '');
    const gitMounts = makeAgentRepository(
      at(leaseFile.agentGit),
      spec.source,
      agentIndex(path.join(at(leaseFile.git), 'index'), spec.source.commit),
      at('empty'),
    );
    const plan = planSandbox({
      leaseDirectory: deps.leaseDirectory,
      readOnlyPaths: config.readOnlyPaths,
      disableUserns: config.disableUserns,
      processLimit: spec.limits.processes + ownProcesses,
      gitMounts,
    });
    const start = async (more: Parameters<typeof plan.writeArguments>[0]): Promise<SandboxProcess> => {
      const sandbox = await startSandboxProcess({
        sh: tools.sh,
        bwrap: tools.bwrap,
        argumentsFile: plan.writeArguments(more),
        command: plan.command,
        joinFiles: limits.joinFiles,
        seccompFile: plan.seccompFile,
        startLimitMs,
      });
      record(sandbox);
      return sandbox;
    };
    const stepsIn = (sandbox: SandboxProcess, stepRecords: typeof records): Steps =>
      createSteps({
        sandbox,
        records: stepRecords,
        fifos: createFifoPool({ directory: at(leaseFile.control), mkfifo: tools.mkfifo }),
        guard: createGuard({ limits, ...spec.limits, pageBytes: 4096 }),
        controlDirectory: at(leaseFile.control),
        processLimit: spec.limits.processes,
      });

    const setup: SetupOutcome =
      spec.setup === null
        ? { reused: false }
        : await runSetup({ ...deps, setup: spec.setup, git, start, stepsIn, progress });

    progress({ phase: 'start', tail: '' });
    const sandbox = await start({ mounts: [], environment: {} });
    deps.log(`sandbox runs as process ${sandbox.pid}, limits by ${limits.kind}`);
    return {
      sandbox,
      steps: stepsIn(sandbox, records),
      workspace,
      lease: {
        leaseId: spec.leaseId,
        backend: 'local',
        imageDigest: config.imageDigest,
        specDigest: config.specDigest,
        setupDigest: spec.setup?.digest ?? null,
        setupReused: setup.reused,
      },
    };
  } catch (error) {
    await limits.remove();
    throw asFault(error, spec.leaseId);
  }
}

function asFault(error: unknown, leaseId: string): LonghaulError {
  if (error instanceof LonghaulError) return error;
  if (errnoOf(error) === 'ENOSPC') return diskFull(`lease ${leaseId}`);
  const text = error instanceof Error ? error.message : String(error);
  return new LonghaulError('sandbox.start_failed', `The sandbox of lease ${leaseId} did not start: ${text}`, {
    cause: error,
  });
}

function agentIndex(file: string, commit: string): Buffer {
  const owner = { uid: agentId(process.getuid?.() ?? 0), gid: agentId(process.getgid?.() ?? 0) };
  return withOwner(readFileSync(file), owner, commit.length === 64 ? 'sha256' : 'sha1');
}
