import { LonghaulError } from '../../contracts/error.ts';
import type { SetupProgress } from '../../contracts/sandbox.ts';
import type { KeeperLease, StepCommand } from '../protocol.ts';
import type { Agent } from './agent.ts';
import { createGate } from './gate.ts';
import type { RecordedResult, StepRecords } from './step-records.ts';
import type { RunningStep, Steps } from './steps.ts';
import type { CheckpointInput, Workspace } from './workspace.ts';

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
  outputFile(stepId: string): string;
  /** Ends every process of the sandbox and gives back what it took. */
  stop(): Promise<void>;
}

export type ExecOutcome =
  | { readonly kind: 'recorded'; readonly result: RecordedResult }
  | { readonly kind: 'running'; readonly step: RunningStep; readonly adopted: boolean }
  | { readonly kind: 'lost'; readonly started: boolean };

/** What a lease is once it has been made. */
export interface Live {
  readonly agent: Agent;
  readonly steps: Steps;
  readonly workspace: Workspace;
  readonly lease: KeeperLease;
}

/** Makes a lease's sandbox and workspace, wherever that is. */
export interface LeaseMaker {
  make(progress: (value: SetupProgress) => void): Promise<Live>;
  /** Ends every process of the sandbox, whether it has been made or not, and gives back what it took. */
  end(): Promise<void>;
}

/** Starts making the lease at once. */
export function createKeeper(deps: {
  readonly leaseId: string;
  readonly records: StepRecords;
  readonly maker: LeaseMaker;
}): Keeper {
  const { leaseId, records, maker } = deps;
  const stepsGate = createGate();
  const filesGate = createGate();
  const listeners = new Set<(progress: SetupProgress) => void>();
  const starting = new Map<string, Promise<RunningStep>>();
  const live = maker.make((value) => {
    for (const listener of listeners) listener(value);
  });
  const alive = async (): Promise<Live> => {
    const made = await live;
    if (made.agent.isEnded()) throw sandboxLost(leaseId);
    return made;
  };

  /** Git works on the files only while no command of the sandbox can change them. */
  const frozen = async <T>(work: (made: Live) => Promise<T>): Promise<T> => {
    const made = await alive();
    const thaw = await made.agent.hold();
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
    sandboxEnded: live.then((made) => made.agent.ended),
    async exec(step, stdin) {
      const made = await live;
      const running = made.steps.running(step.stepId) ?? (await starting.get(step.stepId));
      if (running !== undefined) return { kind: 'running', step: running, adopted: true };
      const result = records.readResult(step.stepId);
      if (result !== undefined) return { kind: 'recorded', result };
      const started = records.wasStarted(step.stepId);
      if (started || made.agent.isEnded()) return { kind: 'lost', started };
      return { kind: 'running', step: await startOnce(made, step, stdin), adopted: false };
    },
    cancel(stepId) {
      void live.then((made) => made.steps.running(stepId)?.cancel()).catch(() => undefined);
    },
    checkpoint: (input) => filesGate.alone(() => frozen((made) => made.workspace.checkpoint(input))),
    restore: (source) =>
      stepsGate.alone(() => filesGate.alone(() => frozen((made) => made.workspace.restore(source)))),
    readOutput: (stepId) => records.readOutput(stepId),
    outputFile: (stepId) => records.outputFile(stepId),
    stop: maker.end,
  };
}

export function sandboxLost(leaseId: string): LonghaulError {
  return new LonghaulError(
    'sandbox.lost',
    `The sandbox of lease ${leaseId} has ended, and what was not checkpointed with it. Acquire the next lease and restore the last checkpoint.`,
  );
}
