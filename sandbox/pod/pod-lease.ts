import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { SetupProgress } from '../../contracts/sandbox.ts';
import { createFifoPool } from '../keeper/fifo-pool.ts';
import { createGit, type Git } from '../keeper/git.ts';
import { makeAgentRepository, makeKeeperRepository } from '../keeper/git-directories.ts';
import type { LeaseMaker, Live } from '../keeper/keeper.ts';
import { createStepRecords, type StepRecords } from '../keeper/step-records.ts';
import { createSteps, type Steps } from '../keeper/steps.ts';
import { createSurvey } from '../keeper/survey.ts';
import { createWorkspace } from '../keeper/workspace.ts';
import type { PodLease, SetupArchive } from '../protocol.ts';
import { createOwnPrograms } from './own-programs.ts';
import { podPlace } from './places.ts';
import { connectPodAgent, type PodAgent } from './pod-agent.ts';
import type { RunnerLine } from './runner-line.ts';
import { unpackArchive } from './setup-archive.ts';

export interface PodLeaseDeps {
  readonly lease: PodLease;
  /** What an earlier setup of the same inputs has left; null without one. */
  readonly setup: () => BroughtSetup | null;
  readonly records: StepRecords;
  readonly line: RunnerLine;
  /** Ends the pod: without its keeper the runner ends, and everything with it. */
  readonly kill: () => void;
}

export interface BroughtSetup {
  readonly archive: SetupArchive;
  readonly reused: boolean;
  /** Lines of an exclude file. */
  readonly exclude: Buffer;
}

export interface PodLive extends Live {
  readonly agent: PodAgent;
  readonly git: Git;
  /** Steps with records of their own, from now on in the place of others. */
  stepsWith(records: StepRecords): Steps;
}

export interface PodLeaseMaker extends LeaseMaker {
  make(progress: (value: SetupProgress) => void): Promise<PodLive>;
}

/** Makes a lease of what the pod already is: the workspace from the source, the steps through the runner next door. */
export function createPodLeaseMaker(deps: PodLeaseDeps): PodLeaseMaker {
  const programs = createOwnPrograms(podPlace.workspace);
  return {
    make: (progress) => makeLease(deps, programs, progress),
    async end() {
      deps.kill();
      await programs.end();
    },
  };
}

async function makeLease(
  { lease, setup: broughtSetup, records, line, kill }: PodLeaseDeps,
  confine: ReturnType<typeof createOwnPrograms>,
  progress: (value: SetupProgress) => void,
): Promise<PodLive> {
  progress({ phase: 'start', tail: '' });
  mkdirSync(path.join(podPlace.lease, 'steps'), { recursive: true, mode: 0o700 });
  const agent = await connectPodAgent(line, lease.limits.processes, kill);
  const stepsWith = (kept: StepRecords): Steps =>
    createSteps({
      agent,
      records: kept,
      fifos: createFifoPool({ directory: podPlace.control, mkfifo: '/usr/bin/mkfifo' }),
      controlDirectory: podPlace.control,
      processLimit: lease.limits.processes,
    });
  const setup = broughtSetup();
  if (setup !== null) {
    progress({ phase: 'setup', tail: 'unpacking what the setup has made' });
    const archives = createStepRecords(path.join(podPlace.lease, 'setup-steps'));
    await unpackArchive({ steps: stepsWith(archives), records: archives }, setup.archive);
  }

  progress({ phase: 'checkout', tail: '' });
  const source = { gitDir: podPlace.source, commit: lease.commit };
  const gitDir = path.join(podPlace.lease, 'git');
  const workTree = podPlace.workspace;
  makeKeeperRepository(gitDir, source);
  const exclude = setup?.exclude ?? Buffer.alloc(0);
  if (exclude.length > 0) writeFileSync(path.join(gitDir, 'info/exclude'), exclude);
  const git = createGit({ git: '/usr/bin/git', confine, gitDir, workTree });
  const workspace = createWorkspace({
    git,
    gitDir,
    workTree,
    maxFileBytes: lease.limits.maxFileBytes,
    survey: createSurvey({ find: '/usr/bin/find', confine }),
  });
  await workspace.checkOut(lease.commit);
  showRepository(source, path.join(gitDir, 'index'), exclude);
  return {
    agent,
    workspace,
    git,
    stepsWith,
    steps: stepsWith(records),
    lease: {
      leaseId: lease.leaseId,
      backend: 'kubernetes',
      imageDigest: lease.imageDigest,
      specDigest: lease.specDigest,
      setupDigest: lease.setupDigest,
      setupReused: setup?.reused ?? false,
    },
  };
}

/** The volume is mounted in the agent's container already: it is filled, not replaced. */
function showRepository(
  source: { readonly gitDir: string; readonly commit: string },
  index: string,
  exclude: Buffer,
): void {
  const made = path.join(podPlace.lease, 'agent-git');
  makeAgentRepository(made, source, readFileSync(index), '/dev/null');
  if (exclude.length > 0) writeFileSync(path.join(made, 'info/exclude'), exclude);
  cpSync(made, podPlace.agentGit, { recursive: true });
}
