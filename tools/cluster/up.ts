import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { elapsed, type Report, withProgress } from '../../workers/embedded-server/progress.ts';
import { isRunning, withProcessLock } from '../../workers/process-lock.mjs';
import type { Environment } from '../../workers/state-dir.ts';
import { makeBox, makeMounts, runInside } from './box.ts';
import { areProgramsBuilt, buildPrograms, programsDirectory } from './build-programs.ts';
import { makeCertificates, writeKubeconfig } from './certificates.ts';
import { writeConfiguration } from './configuration.ts';
import { makeControlGroup } from './control-groups.ts';
import { controlGroupOf, endCluster, machineLock } from './down.ts';
import { areImagesMade, imageFile, makeImages, makePauseImage } from './images/ensure-images.ts';
import { discardOtherImages, importOnce } from './images/import-images.ts';
import { closedRules } from './net-policy/rules.ts';
import { addressesOf, firstServiceAddress, freeSlot, makeNetwork } from './network.ts';
import { ensurePackages, searchPath } from './packages.ts';
import { ctrArguments, nodeName } from './parts.ts';
import { clusterCache, type RunPaths, runPaths } from './paths.ts';
import { ClusterProblem } from './problem.ts';
import { startParts } from './start-parts.ts';
import { type ClusterState, readState, writeState } from './state.ts';
import { saveSettings } from './system-settings.ts';

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

const allImages = ['task', 'python', 'musl'] as const;
type TaskImage = (typeof allImages)[number];

export interface RunningCluster {
  readonly kubeconfig: string;
  readonly programs: string;
  /** False when it ran before. */
  readonly started: boolean;
}

/**
 * Gives the cluster of a directory, made when there is none: minutes the first time, seconds with what is cached. It outlives
 * the caller. Throws a `ClusterProblem` and leaves nothing on the machine when it cannot come up, or `signal` says to stop.
 */
export async function up(options: UpOptions): Promise<RunningCluster> {
  const { directory, env, report, signal } = options;
  refuseWhereImpossible();
  const paths = runPaths(directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const onWait = sayOnce(report, 'waiting for another `cluster` command');
  return await withProcessLock(paths.lock, { onWait }, async () => {
    const found = readState(paths.state);
    if (found !== undefined && isUp(found)) {
      return { kubeconfig: paths.kubeconfig, programs: found.programs, started: false };
    }
    await prepare(options);
    signal.throwIfAborted();
    // What was left by one that was killed, or by the machine's restart.
    if (found !== undefined) await endCluster(paths);
    const since = Date.now();
    try {
      await withProgress(
        report,
        () => 'starting the cluster',
        () => start(paths, options),
      );
    } catch (error) {
      await endCluster(paths);
      throw error;
    }
    report(`the cluster is up (${elapsed(since)})`);
    return { kubeconfig: paths.kubeconfig, programs: programsDirectory(env), started: true };
  });
}

/** Whether a recorded cluster came up whole and all of it still runs. */
export function isUp(state: ClusterState): boolean {
  return state.readyAtMs !== undefined && state.init !== undefined && isRunning(state.init);
}

export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly userId: number | undefined;
}

/** Why no cluster can be on a machine; undefined where one can. */
export function whyImpossible({ platform, arch, userId }: Machine): string | undefined {
  if (platform !== 'linux') return `A cluster needs Linux, and this is ${platform}.`;
  if (arch !== 'x64' && arch !== 'arm64') return `There are no images for ${arch}.`;
  if (userId === 0) return undefined;
  return `A cluster needs root (namespaces, mounts, iptables), and this is user ${userId}. Use sudo, or set KUBECONFIG to a cluster that you have.`;
}

function refuseWhereImpossible(): void {
  const why = whyImpossible({ platform: platform(), arch: arch(), userId: process.getuid?.() });
  if (why !== undefined) throw new ClusterProblem(why);
}

/** Gets packages, programs and images where they are missing; of two at once one builds. */
async function prepare({ directory, env, report, signal }: UpOptions): Promise<void> {
  const needs = { build: !areProgramsBuilt(env), images: !areImagesMade(env) };
  const onWait = sayOnce(report, 'waiting for another process that builds the programs and images');
  await withProcessLock(join(clusterCache(env), 'lock'), { onWait }, async () => {
    await ensurePackages(needs, report, env, signal);
    const inside = { ...env, PATH: searchPath(env) };
    // Together: one uses the processor, the other mostly the network and the disk.
    const both = await Promise.allSettled([
      buildPrograms(report, inside, signal),
      makeImages(report, inside, signal),
    ]);
    for (const result of both) if (result.status === 'rejected') throw result.reason;
  });
  refuseOverlay(directory);
}

/** containerd lays pods' file systems over each other, which the kernel refuses over one that is made like that itself. */
function refuseOverlay(directory: string): void {
  const overlayMagic = 0x794c7630;
  if (statfsSync(directory).type === overlayMagic) {
    throw new ClusterProblem(
      `${directory} is on an overlay file system, and pods cannot be kept there. Set LONGHAUL_CLUSTER_DIR to a folder on a disk or volume.`,
    );
  }
}

async function start(paths: RunPaths, { env, signal, images = allImages }: UpOptions): Promise<void> {
  const programs = programsDirectory(env);
  const path = searchPath(env);
  rmSync(paths.data, { recursive: true, force: true });
  rmSync(paths.logs, { recursive: true, force: true });
  for (const directory of [paths.data, paths.certificates, paths.kubelet, paths.logs]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  const { state, record, pid } = await makePlace(paths, programs);
  const addresses = addressesOf(state.slot);
  const controlGroup = controlGroupOf(state.slot);
  await makeMounts(pid, paths.kubelet);
  await makeCertificates(
    paths.certificates,
    { nodeName, nodeAddress: addresses.node, serviceAddress: firstServiceAddress },
    signal,
  );
  const server = `https://${addresses.node}:6443`;
  for (const user of ['controller-manager', 'scheduler', 'kubelet', 'proxy']) {
    await writeKubeconfig(join(paths.data, `${user}.kubeconfig`), paths.certificates, user, server);
  }
  await writeKubeconfig(paths.kubeconfig, paths.certificates, 'admin', server);
  makeControlGroup(controlGroup);
  await writeConfiguration({ paths, programs, controlGroup });

  const pauseImage = join(paths.data, 'pause.tar');
  await makePauseImage(programs, pauseImage, signal);
  const importing = {
    paths,
    programs,
    files: [pauseImage, ...images.map((name) => imageFile(env, name))],
    ctr: (...args: string[]) => runInside(pid, join(programs, 'ctr'), ctrArguments(...args), { signal }),
  };
  discardOtherImages(importing);
  const importImages = () => importOnce(importing);
  await startParts({
    state,
    record,
    pid,
    path,
    setting: { paths, programs, addresses },
    signal,
    importImages,
  });
  record({ readyAtMs: Date.now() });
}

/** Namespaces with a network, recorded as they are made. */
async function makePlace(paths: RunPaths, programs: string) {
  return await withProcessLock(machineLock, {}, async () => {
    const state: ClusterState = {
      slot: await freeSlot(),
      programs,
      startedAtMs: Date.now(),
      parts: [],
    };
    const record = (change: Partial<ClusterState>) => {
      Object.assign(state, change);
      writeState(paths.state, state);
    };
    record({});
    saveSettings();
    const box = await makeBox(programs, join(paths.logs, 'namespaces.log'), (holder) => record({ holder }));
    record({ init: box.init });
    await makeNetwork(state.slot, box.init.pid, closedRules, (program, args, options) =>
      runInside(box.init.pid, program, args, options),
    );
    return { state, record, pid: box.init.pid };
  });
}

/** For a loop that tells ten times a second that it waits. */
function sayOnce(report: Report, line: string): (pid: number) => void {
  let said = false;
  return (pid) => {
    if (!said) report(`${line} (process ${pid})`);
    said = true;
  };
}
