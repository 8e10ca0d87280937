import { elapsed } from '../../workers/embedded-server/progress.ts';
import { isRunning } from '../../workers/process-lock.mjs';
import { endOfLog } from '../../workers/process-log.ts';
import { readAccess } from './net-policy/watch.ts';
import { addressesOf } from './network.ts';
import { nodeFacts } from './node-ready.ts';
import { runPaths } from './paths.ts';
import { logOf } from './start-part.ts';
import { readState } from './state.ts';
import { isUp } from './up.ts';

export interface Status {
  readonly healthy: boolean;
  readonly lines: readonly string[];
}

/** What of a cluster runs, since when, and why the rest does not. */
export async function clusterStatus(directory: string): Promise<Status> {
  const paths = runPaths(directory);
  const state = readState(paths.state);
  if (state === undefined) return { healthy: false, lines: [`no cluster: there is none in ${directory}`] };
  if (!isUp(state)) {
    return {
      healthy: false,
      lines: [
        `no cluster: what was in ${directory} has ended or never came up whole; \`down\` cleans up, \`up\` starts anew`,
      ],
    };
  }
  const node = await nodeFacts(readAccess(paths.kubeconfig));
  const parts = state.parts.map((part) => {
    const name = part.name.padEnd(12);
    if (isRunning(part)) return `${name} up ${elapsed(part.startedAtMs)}, process ${part.pid}`;
    const log = logOf(paths.logs, part.name);
    return `${name} has ended; its log ${log} ends:\n${endOfLog(log)}`;
  });
  const { node: address, machine } = addressesOf(state.slot);
  return {
    healthy: node.ready && state.parts.every(isRunning),
    lines: [
      `cluster      up ${elapsed(state.readyAtMs ?? state.startedAtMs)}, API at https://${address}:6443, this machine is ${machine} for it`,
      `node         ${node.ready ? `Ready, Kubernetes ${node.version}` : `not Ready: ${node.reason}`}`,
      ...parts,
      `kubeconfig   ${paths.kubeconfig}`,
      `data, logs   ${paths.directory}`,
    ],
  };
}
