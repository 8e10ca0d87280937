import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LonghaulError } from '../../contracts/error.ts';
import type { SetupProgress } from '../../contracts/sandbox.ts';
import { directoryMark, errnoOf, leaseFile, writeFileAtomically } from '../lease-files.ts';
import { identify } from '../processes.ts';
import type { KeeperConfig } from '../protocol.ts';
import type { Agent } from './agent.ts';
import { type Confine, createConfine } from './confine.ts';
import { createFifoPool } from './fifo-pool.ts';
import { createGit, diskFull } from './git.ts';
import { makeAgentRepository, makeKeeperRepository } from './git-directories.ts';
import { createGuard } from './guard.ts';
import { withOwner } from './index-owner.ts';
import type { LeaseMaker, Live } from './keeper.ts';
import { createLimits, type Limits, ownProcesses } from './limits.ts';
import { createLocalAgent } from './local-agent.ts';
import { agentId } from './root-files.ts';
import { planSandbox } from './sandbox-plan.ts';
import { type SandboxProcess, startSandboxProcess } from './sandbox-process.ts';
import { runSetup, type SetupOutcome } from './setup.ts';
import type { StepRecords } from './step-records.ts';
import { createSteps, type Steps } from './steps.ts';
import { createSurvey } from './survey.ts';
import { createWorkspace } from './workspace.ts';

const startLimitMs = 20_000;

/** Where the keeper and the sandbox are, so that a lease whose keeper was killed can be cleared away. */
export interface RecordedProcesses {
  readonly keeper: ReturnType<typeof identify>;
  readonly sandbox: ReturnType<typeof identify>;
  readonly cgroups: readonly string[];
  /** Of the lease's directory, see `directoryMark`; the file of a version without it counts as this lease's own. */
  readonly mark?: string;
}

export interface LocalLeaseDeps {
  /** Holds the lease's configuration and nothing else. */
  readonly leaseDirectory: string;
  readonly config: KeeperConfig;
  readonly records: StepRecords;
  readonly log: (message: string) => void;
}

/** Makes a lease on this machine, below its directory. */
export function createLocalLeaseMaker(deps: LocalLeaseDeps): LeaseMaker {
  const { config, leaseDirectory } = deps;
  const limits = createLimits(`longhaul-${config.spec.leaseId}-${process.pid}`, config.spec.limits);
  const { bwrap, sh, git, find } = config.tools;
  const confine = createConfine({ bwrap, sh, programs: [git, find], ...placesOf(leaseDirectory) });
  let sandboxNow: SandboxProcess | null = null;
  let making: Promise<Live> | null = null;
  let stopped = false;

  const record = (sandbox: SandboxProcess | null): void => {
    sandboxNow = sandbox;
    // Asked to stop while it was being started.
    if (stopped) sandbox?.kill();
    const processes: RecordedProcesses = {
      keeper: identify(process.pid),
      sandbox: sandbox === null ? undefined : identify(sandbox.pid),
      cgroups: limits.directories,
      mark: directoryMark(leaseDirectory),
    };
    writeFileAtomically(path.join(leaseDirectory, leaseFile.processes), JSON.stringify(processes), false);
  };
  return {
    make(progress) {
      record(null);
      making = makeLease(deps, limits, confine, progress, record);
      return making;
    },
    async end() {
      stopped = true;
      sandboxNow?.kill();
      await making?.then((made) => made.agent.ended).catch(() => undefined);
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

async function makeLease(
  deps: LocalLeaseDeps,
  limits: Limits,
  confine: Confine,
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
    const agentOf = (sandbox: SandboxProcess): Agent => {
      const guard = createGuard({ limits, ...spec.limits, pageBytes: 4096 });
      return createLocalAgent({ sandbox, limits, guard });
    };
    const stepsIn = (agent: Agent, records: StepRecords): Steps =>
      createSteps({
        agent,
        records,
        fifos: createFifoPool({ directory: at(leaseFile.control), mkfifo: tools.mkfifo }),
        controlDirectory: at(leaseFile.control),
        processLimit: spec.limits.processes,
      });

    const setup: SetupOutcome =
      spec.setup === null
        ? { reused: false }
        : await runSetup({
            ...deps,
            setup: spec.setup,
            git,
            start,
            stepsIn: (sandbox, records) => stepsIn(agentOf(sandbox), records),
            progress,
          });

    progress({ phase: 'start', tail: '' });
    const sandbox = await start({ mounts: [], environment: {} });
    deps.log(`sandbox runs as process ${sandbox.pid}, limits by ${limits.kind}`);
    const agent = agentOf(sandbox);
    return {
      agent,
      steps: stepsIn(agent, deps.records),
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
