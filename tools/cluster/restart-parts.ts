import type { Report } from '../../workers/embedded-server/progress.ts';
import { isRunning } from '../../workers/process-lock.mjs';
import { endOfLog } from '../../workers/process-log.ts';
import type { Environment } from '../../workers/state-dir.ts';
import { readAccess } from './net-policy/watch.ts';
import { addressesOf } from './network.ts';
import { isApiReady, nodeFacts } from './node-ready.ts';
import { searchPath } from './packages.ts';
import { partNames } from './parts.ts';
import type { RunPaths } from './paths.ts';
import { checkParts, logOf, startPart } from './start-part.ts';
import { type ClusterState, writeState } from './state.ts';
import { waitFor } from './wait.ts';

export interface Restarting {
  readonly env: Environment;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** Starts the parts of a running cluster that have ended, each named with the end of its log, and waits until the node is Ready. */
export async function restartParts(
  state: ClusterState,
  paths: RunPaths,
  { env, report, signal }: Restarting,
): Promise<void> {
  const setting = { paths, programs: state.programs, addresses: addressesOf(state.slot) };
  const ended = partNames.filter(
    (name) => !state.parts.some((part) => part.name === name && isRunning(part)),
  );
  if (ended.length === 0) return;
  for (const name of ended) {
    report(`${name} has ended, and is started again. Its log ended:\n${endOfLog(logOf(paths.logs, name))}`);
    const part = await startPart(name, state.init?.pid ?? 0, setting, searchPath(env));
    state.parts = [...state.parts.filter((other) => other.name !== name), part];
    writeState(paths.state, state);
  }
  const access = readAccess(paths.kubeconfig);
  const ready = async () => (await isApiReady(access)) && (await nodeFacts(access)).ready;
  await waitFor('the node to be Ready again', 60_000, ready, () => {
    signal.throwIfAborted();
    checkParts(state.parts, paths.logs);
  });
}
