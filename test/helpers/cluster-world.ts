import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { stringify } from 'yaml';
import { openWorld, type World, type WorldOptions } from './e2e-world.ts';
import { kubectl, type TestNamespace, testNamespace } from './kubectl.ts';

/** A machine whose workers run commands in the cluster of the tests, in a namespace of its own. */
export interface ClusterWorld {
  readonly world: World;
  readonly namespace: string;
  /** Names of the Jobs and pods that are there. */
  objects(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What a small node can give many at once. */
export const smallPods = {
  cpu: { request: '20m', limit: '2' },
  memoryRequestBytes: 64 * 1024 ** 2,
  diskBytes: 1024 ** 3,
} as const;

/** The environment of a worker with sandboxes in this namespace; writes their settings into a directory. */
export function clusterEnvironment(
  directory: string,
  namespace: string,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, string>> {
  const { kubeconfig, image, keeperImage } = inject('cluster');
  const file = join(directory, 'kubernetes.yaml');
  writeFileSync(file, stringify({ namespace, image, keeperImage, ...smallPods, ...more }));
  return { LONGHAUL_SANDBOX: 'kubernetes', LONGHAUL_KUBERNETES_CONFIG: file, KUBECONFIG: kubeconfig };
}

/** The options may need to know the namespace. */
export async function openClusterWorld(
  wanted: WorldOptions | ((namespace: string) => Promise<WorldOptions>),
): Promise<ClusterWorld> {
  const space: TestNamespace = await testNamespace({ deny: true });
  const options = typeof wanted === 'function' ? await wanted(space.name) : wanted;
  const directory = mkdtempSync(join(tmpdir(), 'longhaul-cluster-world-'));
  const env = clusterEnvironment(directory, space.name);
  const world = await openWorld({ ...options, env: { ...env, ...options.env } });
  return {
    world,
    namespace: space.name,
    objects: async () =>
      (await kubectl(['get', 'jobs,pods', '-n', space.name, '-o', 'name'])).split('\n').filter(Boolean),
    async close() {
      try {
        await world.close();
      } finally {
        await space[Symbol.asyncDispose]();
        rmSync(directory, { recursive: true, force: true });
      }
    },
  };
}
