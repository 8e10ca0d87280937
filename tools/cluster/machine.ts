import { statfsSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { ClusterProblem } from './problem.ts';

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

/** Throws a `ClusterProblem` where no cluster can be, before anything is built for it. */
export function refuseWhereImpossible(directory: string): void {
  const why = whyImpossible({ platform: platform(), arch: arch(), userId: process.getuid?.() });
  if (why !== undefined) throw new ClusterProblem(why);
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
