import type { WorkerOptions } from '@temporalio/worker';
import type { AnnouncedWorker } from '../announce-worker.ts';
import type { WorkerBuild } from '../build.ts';
import { stateDirectory } from '../state-dir.ts';
import { startCaretaker } from './caretaker.ts';
import { type Deployment, deploymentName } from './deployment.ts';
import { keepBundle } from './kept-bundles.ts';
import { passGate, type Settlement, type Settling, settle } from './settle.ts';
import { refuseUnversioned, versioningEnabled } from './versioning-setting.ts';
import { localWitness } from './witness.ts';

export interface VersionOptions {
  /** Whether a person wants this version to be the current one, also where it was replaced before. */
  readonly chosen: boolean;
  /** Tasks that may stay behind, see `longhaul up --leave`. */
  readonly leave: readonly string[];
  /** Whether the worker ends by itself when another version is current and none of its own tasks runs any more. */
  readonly endWhenReplaced: boolean;
}

/** What the versions of a queue ask of a worker, in the order of its life. */
export interface Versions {
  readonly workerOptions: Pick<WorkerOptions, 'workerDeploymentOptions'>;
  /** Before it polls. Throws `version.cannot_replay`, `version.unsupported`, `config.invalid`. */
  prepare(): Promise<void>;
  /** Once it polls; gives what people should know. Throws `version.unsupported`. */
  takeOver(): Promise<readonly string[]>;
  /** While it polls; the result ends it. */
  lookAfter(shutdown: () => void): () => Promise<void>;
}

export const defaultLookEveryMs = 60_000;

/** Binds the gate and the caretaker to this worker. Throws `config.invalid`. */
export function openVersions(
  options: VersionOptions,
  build: WorkerBuild,
  deployment: Deployment,
  announced: AnnouncedWorker,
  { address, lookEveryMs }: { readonly address: string; readonly lookEveryMs: number },
): Versions {
  const { taskQueue, client } = deployment;
  if (!versioningEnabled()) return withoutVersions(deployment);
  const settling: Settling = {
    deployment,
    build,
    chosen: options.chosen,
    leave: options.leave,
    stuckRuns: new Set(),
    witness: () => localWitness(client.options.identity, { taskQueue, address }),
    report: announced.doing,
  };
  let settlement: Settlement | undefined;
  return {
    workerOptions: {
      workerDeploymentOptions: {
        version: { deploymentName: deploymentName(taskQueue), buildId: build.buildId },
        useWorkerVersioning: true,
        defaultVersioningBehavior: 'PINNED',
      },
    },
    async prepare() {
      settlement = await passGate(settling);
      await keepBundle(stateDirectory(), build);
    },
    async takeOver() {
      if (settlement === undefined) return [];
      return settle(settling, settlement);
    },
    lookAfter: (shutdown) =>
      startCaretaker(
        { ...settling, chosen: false, report: (text) => void process.stderr.write(`${text}\n`) },
        { everyMs: lookEveryMs, onDone: options.endWhenReplaced ? shutdown : null },
      ),
  };
}

function withoutVersions(deployment: Deployment): Versions {
  return {
    workerOptions: {},
    prepare: () => refuseUnversioned(deployment),
    takeOver: async () => [],
    lookAfter: () => async () => {},
  };
}
