import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { containerdSocket } from './configuration.ts';
import { readAccess } from './net-policy/watch.ts';
import { hasServiceAccount, isApiReady, nodeFacts } from './node-ready.ts';
import type { PartName, PartSetting } from './parts.ts';
import { checkParts, startPart } from './start-part.ts';
import type { ClusterState } from './state.ts';
import { waitFor } from './wait.ts';

const startTimeoutMs = 120_000;

export interface Starting {
  readonly state: ClusterState;
  readonly record: (change: Partial<ClusterState>) => void;
  /** The first process of the cluster's namespaces. */
  readonly pid: number;
  readonly path: string;
  readonly setting: PartSetting;
  readonly signal: AbortSignal;
  readonly step: (what: string) => void;
  readonly importImages: () => Promise<void>;
}

/** Starts all parts, and waits until pods can run: the node is Ready, policies are enforced, images are there. */
export async function startParts(starting: Starting): Promise<void> {
  const { state, record, pid, path, setting, signal, step, importImages } = starting;
  const { paths } = setting;
  const begin = async (...names: readonly PartName[]) => {
    for (const name of names) {
      signal.throwIfAborted();
      const part = await startPart(name, pid, setting, path);
      record({ parts: [...state.parts, part] });
    }
  };
  const wait = (what: string, probe: () => boolean | Promise<boolean>) => {
    step(what);
    return waitFor(what, startTimeoutMs, probe, () => {
      signal.throwIfAborted();
      checkParts(state.parts, paths.logs);
    });
  };

  await begin('containerd', 'etcd', 'apiserver');
  await wait('containerd', () => accepts(`/proc/${pid}/root${containerdSocket}`));
  const imported = importImages();
  // Looked at below; a failure before that is not to end the process.
  imported.catch(() => {});
  const access = readAccess(paths.kubeconfig);
  await wait('the API server', () => isApiReady(access));
  await begin('controllers', 'scheduler', 'net-policy', 'proxy', 'kubelet');
  step('images to be unpacked');
  await imported;
  await wait('network policy to be enforced', () => existsSync(paths.policyApplied));
  await wait('the first service account', () => hasServiceAccount(access));
  await wait('the node to be Ready', async () => (await nodeFacts(access)).ready);
}

/** Whether somebody listens at a Unix socket. */
function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
