import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, type Environment } from '../../workers/state-dir.ts';
import { ClusterProblem } from './problem.ts';

/** The folder of these files, where the pins lie beside the code. */
export const sourceDirectory = fileURLToPath(new URL('./', import.meta.url));

/** Where programs and images are kept between clusters and restarts of the machine. */
export function clusterCache(env: Environment): string {
  return join(cacheDirectory(env), 'cluster');
}

/** Where the data of the cluster lies that these settings mean: one cluster for each directory. */
export function runDirectory(env: Environment): string {
  const chosen = env['LONGHAUL_CLUSTER_DIR'];
  if (chosen === undefined || chosen === '') return join(clusterCache(env), 'run');
  if (isAbsolute(chosen)) return chosen;
  throw new ClusterProblem(`LONGHAUL_CLUSTER_DIR must be an absolute path, and it is "${chosen}".`);
}

export interface RunPaths {
  readonly directory: string;
  readonly state: string;
  readonly lock: string;
  readonly kubeconfig: string;
  readonly logs: string;
  /** Made anew by each `up` and removed by `down`: certificates, configuration, and what the parts write. */
  readonly data: string;
  readonly certificates: string;
  readonly kubelet: string;
  /** containerd's own: images, unpacked. Stays, since unpacking takes longer than all the rest of a start. */
  readonly containerd: string;
  readonly policyApplied: string;
}

export function runPaths(directory: string): RunPaths {
  const data = join(directory, 'data');
  return {
    directory,
    data,
    state: join(directory, 'state.json'),
    lock: join(directory, 'lock'),
    kubeconfig: join(directory, 'kubeconfig'),
    logs: join(directory, 'logs'),
    certificates: join(data, 'certificates'),
    kubelet: join(data, 'kubelet'),
    containerd: join(directory, 'containerd'),
    policyApplied: join(data, 'net-policy.applied'),
  };
}
