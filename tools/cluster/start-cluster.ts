import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withProcessLock } from '../../workers/process-lock.mjs';
import type { Environment } from '../../workers/state-dir.ts';
import { makeBox, makeMounts, runInside } from './box.ts';
import { programsDirectory } from './build-programs.ts';
import { makeCertificates, writeKubeconfig } from './certificates.ts';
import { writeConfiguration } from './configuration.ts';
import { makeControlGroup } from './control-groups.ts';
import { controlGroupOf, machineLock } from './down.ts';
import { images } from './images/contents.ts';
import { imageFile, makePauseImage } from './images/ensure-images.ts';
import { discardOtherImages, importOnce } from './images/import-images.ts';
import { closedRules } from './net-policy/rules.ts';
import { addressesOf, firstServiceAddress, freeSlot, makeNetwork } from './network.ts';
import { searchPath } from './packages.ts';
import { ctrArguments, nodeName } from './parts.ts';
import type { RunPaths } from './paths.ts';
import { startParts } from './start-parts.ts';
import { type ClusterState, writeState } from './state.ts';
import { saveSettings } from './system-settings.ts';

export const taskImages = ['task', 'python', 'musl'] as const;
export type TaskImage = (typeof taskImages)[number];

export interface ClusterStart {
  readonly paths: RunPaths;
  readonly env: Environment;
  readonly signal: AbortSignal;
  /** What pods can be made of. */
  readonly wanted: readonly TaskImage[];
  /** Is told what is being waited for. */
  readonly step: (what: string) => void;
}

/** Makes the namespaces, the network and all parts of a new cluster, and waits until pods can run. Leaves cleaning up to the caller. */
export async function startCluster({ paths, env, signal, wanted, step }: ClusterStart): Promise<void> {
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
    files: [
      { file: pauseImage, reference: images.pause.reference },
      ...wanted.map((name) => ({ file: imageFile(env, name), reference: images[name].reference })),
    ],
    ctr: (...args: string[]) => runInside(pid, join(programs, 'ctr'), ctrArguments(...args), { signal }),
  };
  await discardOtherImages(importing);
  const importImages = () => importOnce(importing);
  await startParts({
    state,
    record,
    pid,
    path,
    setting: { paths, programs, addresses },
    signal,
    step,
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
    const { pid } = box.init;
    await makeNetwork(
      { slot: state.slot, pid, rules: closedRules, owner: paths.directory },
      (program, args, options) => runInside(pid, program, args, options),
    );
    return { state, record, pid };
  });
}
