import { LonghaulError } from '../../contracts/error.ts';
import type { SandboxSetup, SetupProgress } from '../../contracts/sandbox.ts';
import type { KeeperConfig } from '../protocol.ts';
import type { Git } from './git.ts';
import type { Mount } from './root-files.ts';
import type { SandboxProcess } from './sandbox-process.ts';
import type { StepRecords } from './step-records.ts';
import type { Steps } from './steps.ts';

export interface SetupOutcome {
  readonly reused: boolean;
}

export async function runSetup(_deps: {
  readonly leaseDirectory: string;
  readonly config: KeeperConfig;
  readonly setup: SandboxSetup;
  readonly git: Git;
  readonly start: (more: {
    readonly mounts: readonly Mount[];
    readonly environment: Readonly<Record<string, string>>;
  }) => Promise<SandboxProcess>;
  readonly stepsIn: (sandbox: SandboxProcess, records: StepRecords) => Steps;
  readonly progress: (value: SetupProgress) => void;
}): Promise<SetupOutcome> {
  throw new LonghaulError('sandbox.setup_failed', 'not yet');
}
