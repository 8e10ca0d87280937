import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { elapsed, type Report } from '../../workers/embedded-server/progress.ts';
import { checkGo, goBuild } from '../../workers/go-build.ts';
import type { Environment } from '../../workers/state-dir.ts';
import { clusterCache, sourceDirectory } from './paths.ts';
import { pinnedVersion, programsDigest } from './pins.ts';
import { ClusterProblem } from './problem.ts';
import { runProgram } from './run-program.ts';

/** Names that the one Kubernetes binary is called by. */
const kubernetesNames = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-proxy',
  'kube-scheduler',
  'kubectl',
  'kubelet',
];

const kubernetes = join(sourceDirectory, 'kubernetes');
const runtime = join(sourceDirectory, 'runtime');
const containerd = 'github.com/containerd/containerd/v2';
const plugins = 'github.com/containernetworking/plugins/plugins';

/** Where the programs of these pins are, or will be. */
export const programsDirectory = (env: Environment) => join(clusterCache(env), programsDigest());

export const areProgramsBuilt = (env: Environment) => existsSync(programsDirectory(env));

/** What a program says its version is, as the release's own build sets it. */
function versionFlags(): string {
  const version = pinnedVersion('k8s.io/kubernetes', 'kubernetes');
  const [major = '', minor = ''] = version.slice(1).split('.');
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  return ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
    .flatMap((place) => Object.entries(values).map(([name, value]) => `-X ${place}.${name}=${value}`))
    .join(' ');
}

/**
 * Builds Kubernetes with etcd, containerd, runc, the network plugins and pause from the pinned Go modules; minutes on empty caches.
 * The folder of the cache appears whole or not at all. Throws a `ClusterProblem`.
 */
export async function buildPrograms(report: Report, env: Environment, signal: AbortSignal): Promise<void> {
  const target = programsDirectory(env);
  if (existsSync(target)) return;
  const since = Date.now();
  const staging = `${target}.build-${process.pid}`;
  await removeUnfinished(clusterCache(env));
  await mkdir(join(staging, 'cni'), { recursive: true });
  report('building Kubernetes, containerd and runc with Go: about 7 minutes the first time');
  try {
    await checkGo(kubernetes, env);
    await buildModules(staging, report, env, signal);
    await buildPause(staging, env, signal);
    await rename(staging, target);
  } catch (error) {
    if (signal.aborted || error instanceof ClusterProblem) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ClusterProblem(`The cluster's programs cannot be built: ${reason}`, { cause: error });
  } finally {
    await rm(staging, { recursive: true, force: true, maxRetries: 10 });
  }
  report(`the cluster's programs are built (${elapsed(since)}): ${target}`);
}

async function buildModules(
  staging: string,
  report: Report,
  env: Environment,
  signal: AbortSignal,
): Promise<void> {
  const small = '-s -w';
  const version = pinnedVersion(containerd, 'runtime');
  const builds = [
    {
      name: 'Kubernetes and etcd',
      moduleDirectory: kubernetes,
      output: join(staging, 'k8s'),
      packages: ['.'],
      ldflags: `${small} ${versionFlags()}`,
    },
    {
      name: 'containerd',
      moduleDirectory: runtime,
      output: `${staging}/`,
      packages: ['containerd', 'containerd-shim-runc-v2', 'ctr'].map((name) => `${containerd}/cmd/${name}`),
      ldflags: `${small} -X ${containerd}/version.Version=${version}`,
      tags: 'no_btrfs no_devmapper no_zfs',
    },
    {
      name: 'the network plugins',
      moduleDirectory: runtime,
      output: `${staging}/cni/`,
      packages: ['main/ptp', 'main/loopback', 'ipam/host-local'].map((name) => `${plugins}/${name}`),
      ldflags: small,
    },
    {
      name: 'runc',
      moduleDirectory: runtime,
      output: `${staging}/`,
      packages: ['github.com/opencontainers/runc'],
      ldflags: small,
      tags: 'seccomp',
      cgo: true,
    },
  ];
  // One after the other: each uses all cores by itself.
  for (const build of builds) await goBuild({ ...build, signal }, report, env);
  for (const name of kubernetesNames) await symlink('k8s', join(staging, name));
}

/** The program that holds a pod's namespaces, from the sources of the pinned Kubernetes. */
async function buildPause(staging: string, env: Environment, signal: AbortSignal): Promise<void> {
  const options = { cwd: kubernetes, env: { ...env, GOWORK: 'off' }, signal };
  const module = await runProgram('go', ['list', '-m', '-f', '{{.Dir}}', 'k8s.io/kubernetes'], options);
  const source = join(module.trim(), 'build/pause/linux/pause.c');
  await runProgram('gcc', ['-Os', '-static', '-s', '-o', join(staging, 'pause'), source], options);
}

// Under the lock nobody else builds: what lies there unfinished is of one that was killed.
async function removeUnfinished(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const unfinished = (await readdir(directory)).filter((name) => /\.build-\d+$/.test(name));
  for (const name of unfinished) await rm(join(directory, name), { recursive: true, force: true });
}
