import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { LonghaulError } from '../contracts/error.ts';
import type { Sandbox, SandboxLimits } from '../contracts/sandbox.ts';
import { createCanaries } from '../k8s/canaries/canaries.ts';
import { createKubernetesSandbox } from '../k8s/kubernetes-sandbox.ts';
import { type ClusterFinding, lookAtCluster } from '../k8s/look-at-cluster.ts';
import { createPodPool, type PodPool } from '../k8s/pool/pool.ts';
import { homeMark } from './home-mark.ts';
import { kubernetesConfig } from './kubernetes-config.ts';
import { cacheDirectory, type Environment, ensurePrivateDirectory, stateDirectory } from './state-dir.ts';

const wallsLimitMs = 120_000;

/** Sandboxes in the cluster of KUBECONFIG, else of the user's own file, else the one that this process runs in. Throws `config.invalid`. */
export function kubernetesSandbox(env: Environment): Sandbox {
  const { pool, walls, ...more } = partsOf(env);
  const requireWalls = createCanaries({ ...more, ...walls }).require;
  return createKubernetesSandbox({ ...more, usesPool: pool > 0, requireWalls });
}

/** The pods that wait for leases with these limits, as many as `pool` of the settings says. Throws `config.invalid`. */
export function kubernetesPool(env: Environment, limits: SandboxLimits): PodPool & { readonly size: number } {
  const { pool: size, cluster, settings, owner } = partsOf(env);
  return { ...createPodPool({ cluster, settings, owner, limits, size }), size };
}

function partsOf(env: Environment) {
  const { settings, owner, pool, egress, walls } = kubernetesConfig(env);
  const stateDir = ensurePrivateDirectory(stateDirectory(env));
  return {
    cluster: kubernetesCluster(env),
    settings,
    owner: owner ?? ownerOfHome(stateDir),
    stateDir,
    cacheDir: join(cacheDirectory(env), 'pod-setups'),
    egress,
    pool,
    walls,
  };
}

/**
 * What sandboxes need of the cluster: first without making anything, then, where all of that holds, by a short pod that looks at its walls.
 * Settings that cannot be used are the only finding.
 */
export async function clusterFindings(env: Environment): Promise<readonly ClusterFinding[]> {
  try {
    const parts = partsOf(env);
    const findings = await lookAtCluster(parts.cluster, parts.settings);
    return findings.every(({ holds }) => holds) ? [...findings, ...(await wallFindings(parts))] : findings;
  } catch (error) {
    if (!(error instanceof LonghaulError)) throw error;
    return [{ holds: false, text: error.message, fix: 'see docs/kubernetes.md' }];
  }
}

async function wallFindings({
  walls,
  ...more
}: ReturnType<typeof partsOf>): Promise<readonly ClusterFinding[]> {
  const { acceptedRisks } = walls;
  const found = await createCanaries({ ...more, ...walls })
    .look(AbortSignal.timeout(wallsLimitMs))
    .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  if (typeof found === 'string')
    return [
      {
        holds: false,
        text: `the walls of sandboxes could not be looked at: ${found}`,
        fix: 'see docs/kubernetes.md',
      },
    ];
  return found.map(({ name, holds, found: seen, remedy }) => ({
    holds: holds || acceptedRisks.includes(name),
    text: `wall ${name}: ${seen}${holds || !acceptedRisks.includes(name) ? '' : ' (an accepted risk)'}`,
    fix: remedy,
  }));
}

/** Throws `config.invalid` where none is named. */
export function kubernetesCluster(env: Environment): KubeConfig {
  const files = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  const cluster = new KubeConfig();
  try {
    if (files.length === 0) cluster.loadFromDefault();
    for (const [index, file] of files.entries()) {
      if (index === 0) cluster.loadFromFile(file);
      else cluster.mergeConfig(fileOf(file), true);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw noCluster(files, `cannot be read: ${reason}`, error);
  }
  const found = cluster.getCurrentCluster();
  if (found === null || found.server === madeUp) throw noCluster(files, 'names no cluster', null);
  return cluster;
}

/** What the client invents where it finds no file and is in no pod. */
const madeUp = 'http://localhost:8080';

function fileOf(file: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(file);
  return config;
}

function noCluster(files: readonly string[], found: string, cause: unknown): LonghaulError {
  const which = files.length === 0 ? 'The kubeconfig of this user' : `KUBECONFIG=${files.join(delimiter)}`;
  return new LonghaulError(
    'config.invalid',
    `${which} ${found}. Set KUBECONFIG to the file of a cluster; on a machine that has none, "npm run cluster -- up" starts one.`,
    { cause },
  );
}

/** A label's value that no other home has, also not one on another machine; it stays when the home is moved or mounted again. */
export function ownerOfHome(home: string): string {
  const { ino, birthtimeNs } = statSync(home, { bigint: true });
  // Of a file system that keeps no time of birth.
  const mark = birthtimeNs === 0n ? `${hostname()}:${homeMark(home)}` : `${ino}:${birthtimeNs}`;
  return `home-${createHash('sha256').update(mark).digest('hex').slice(0, 20)}`;
}
