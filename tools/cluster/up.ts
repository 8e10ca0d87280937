import { mkdirSync } from 'node:fs';
import { elapsed, type Report, withProgress } from '../../workers/embedded-server/progress.ts';
import { isRunning, withProcessLock } from '../../workers/process-lock.mjs';
import type { Environment } from '../../workers/state-dir.ts';
import { programsDirectory } from './build-programs.ts';
import { endCluster } from './down.ts';
import { importKeeper } from './images/keeper-image.ts';
import { refuseWhereImpossible } from './machine.ts';
import { runPaths } from './paths.ts';
import { prepare } from './prepare.ts';
import { restartParts } from './restart-parts.ts';
import { startCluster, type TaskImage, taskImages } from './start-cluster.ts';
import { type ClusterState, readState } from './state.ts';
import { waiting } from './wait.ts';

export interface UpOptions {
  /** Where the cluster's data lies; one cluster for each directory. */
  readonly directory: string;
  readonly env: Environment;
  readonly report: Report;
  /** Ends what is being done; what has been started is taken away again. */
  readonly signal: AbortSignal;
  /** What pods can be made of; all by default. */
  readonly images?: readonly TaskImage[];
}

export interface RunningCluster {
  readonly kubeconfig: string;
  readonly programs: string;
  /** False when it ran before. */
  readonly started: boolean;
}

/** Whether a recorded cluster came up whole and its namespaces are still there. */
export function isUp(state: ClusterState): boolean {
  return state.readyAtMs !== undefined && state.init !== undefined && isRunning(state.init);
}

/**
 * Gives the cluster of a directory, made when there is none: minutes the first time, seconds with what is cached. It outlives
 * the caller. A part of a running one that has ended is started again. Throws a `ClusterProblem` and leaves nothing on the
 * machine when it cannot come up, or `signal` says to stop.
 */
export async function up(options: UpOptions): Promise<RunningCluster> {
  const { directory, env, report, signal } = options;
  const paths = runPaths(directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  refuseWhereImpossible(directory);
  const onWait = waiting(report, 'waiting for another `cluster` command', signal);
  return await withProcessLock(paths.lock, { onWait }, async () => {
    const found = readState(paths.state);
    if (found !== undefined && isUp(found)) {
      await restartParts(found, paths, options);
      await importKeeper(paths, found, options);
      return { kubeconfig: paths.kubeconfig, programs: found.programs, started: false };
    }
    await prepare(options);
    signal.throwIfAborted();
    // What was left by one that was killed, or by the machine's restart.
    await endCluster(paths);
    await startNew(options);
    const made = readState(paths.state);
    if (made !== undefined) await importKeeper(paths, made, options);
    return { kubeconfig: paths.kubeconfig, programs: programsDirectory(env), started: true };
  });
}

async function startNew({ directory, env, report, signal, images = taskImages }: UpOptions): Promise<void> {
  const paths = runPaths(directory);
  const since = Date.now();
  let now = 'namespaces and certificates';
  const step = (what: string) => {
    now = what;
  };
  try {
    await withProgress(
      report,
      () => `starting the cluster: ${now}`,
      () => startCluster({ paths, env, signal, wanted: images, step }),
    );
  } catch (error) {
    await endCluster(paths);
    throw error;
  }
  report(`the cluster is up (${elapsed(since)})`);
}
