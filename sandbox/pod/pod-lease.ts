import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { SetupProgress } from '../../contracts/sandbox.ts';
import { createFifoPool } from '../keeper/fifo-pool.ts';
import { createGit } from '../keeper/git.ts';
import { makeAgentRepository, makeKeeperRepository } from '../keeper/git-directories.ts';
import type { LeaseMaker, Live } from '../keeper/keeper.ts';
import type { StepRecords } from '../keeper/step-records.ts';
import { createSteps } from '../keeper/steps.ts';
import { createSurvey } from '../keeper/survey.ts';
import { createWorkspace } from '../keeper/workspace.ts';
import type { PodLease } from '../protocol.ts';
import { createOwnPrograms } from './own-programs.ts';
import { podPlace } from './places.ts';
import { connectPodAgent } from './pod-agent.ts';
import type { RunnerLine } from './runner-line.ts';

export interface PodLeaseDeps {
  readonly lease: PodLease;
  readonly records: StepRecords;
  readonly line: RunnerLine;
  /** Ends the pod: without its keeper the runner ends, and everything with it. */
  readonly kill: () => void;
}

/** Makes a lease of what the pod already is: the workspace from the source, the steps through the runner next door. */
export function createPodLeaseMaker(deps: PodLeaseDeps): LeaseMaker {
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
  { lease, records, line, kill }: PodLeaseDeps,
  confine: ReturnType<typeof createOwnPrograms>,
  progress: (value: SetupProgress) => void,
): Promise<Live> {
  progress({ phase: 'checkout', tail: '' });
  const source = { gitDir: podPlace.source, commit: lease.commit };
  const gitDir = path.join(podPlace.lease, 'git');
  const workTree = podPlace.workspace;
  mkdirSync(path.join(podPlace.lease, 'steps'), { recursive: true, mode: 0o700 });
  makeKeeperRepository(gitDir, source);
  const git = createGit({ git: '/usr/bin/git', confine, gitDir, workTree });
  const workspace = createWorkspace({
    git,
    gitDir,
    workTree,
    maxFileBytes: lease.limits.maxFileBytes,
    survey: createSurvey({ find: '/usr/bin/find', confine }),
  });
  await workspace.checkOut(lease.commit);
  showRepository(source, path.join(gitDir, 'index'));

  progress({ phase: 'start', tail: '' });
  const agent = await connectPodAgent(line, lease.limits.processes, kill);
  return {
    agent,
    workspace,
    steps: createSteps({
      agent,
      records,
      fifos: createFifoPool({ directory: podPlace.control, mkfifo: '/usr/bin/mkfifo' }),
      controlDirectory: podPlace.control,
      processLimit: lease.limits.processes,
    }),
    lease: {
      leaseId: lease.leaseId,
      backend: 'kubernetes',
      imageDigest: lease.imageDigest,
      specDigest: lease.specDigest,
      setupDigest: null,
      setupReused: false,
    },
  };
}

/** The volume is mounted in the agent's container already: it is filled, not replaced. */
function showRepository(source: { readonly gitDir: string; readonly commit: string }, index: string): void {
  const made = path.join(podPlace.lease, 'agent-git');
  makeAgentRepository(made, source, readFileSync(index), '/dev/null');
  cpSync(made, podPlace.agentGit, { recursive: true });
}
