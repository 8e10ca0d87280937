import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { kubectl } from './kubectl.ts';

export const manifests = fileURLToPath(new URL('../../k8s/manifests/', import.meta.url));

/** Disposing uninstalls; twice is fine. */
export interface Installed extends AsyncDisposable {
  /** Names of the workers' pods that are ready and not about to end. */
  readyWorkers(): Promise<readonly string[]>;
  /** Of the pods of tasks. */
  sandboxes(): Promise<readonly string[]>;
}

export interface InstallOptions {
  /** A folder of this machine that becomes the volume of the workers' home, in which the home is `state`. */
  readonly directory: string;
  /** More of the workers' environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly modelKey: string;
  readonly replicas: number;
}

const labels = 'app.kubernetes.io/name=longhaul,app.kubernetes.io/component=worker';
const volume = 'longhaul-home-of-the-test';

/** Installs the overlay for one node as `docs/kubernetes.md` says, with what a company would set in an overlay of its own. */
export async function install(options: InstallOptions): Promise<Installed> {
  const overlay = ownOverlay(options);
  const uninstall = async () => {
    await kubectl(['delete', '--ignore-not-found', '-k', overlay, '--timeout=120s']);
    await kubectl(['delete', '--ignore-not-found', 'persistentvolume', volume]);
  };
  const names = async (namespace: string, ...more: readonly string[]) =>
    (await kubectl(['get', 'pods', '-n', namespace, ...more])).split('\n').filter((line) => line !== '');
  try {
    await kubectl(['apply', '-f', join(manifests, 'base/worker/namespace.yaml')]);
    await kubectl(['apply', '-f', join(manifests, 'base/sandboxes/namespace.yaml')]);
    const secret = ['create', 'secret', 'generic', 'longhaul-model', '-n', 'longhaul'];
    await kubectl([...secret, `--from-literal=api-key=${options.modelKey}`]);
    for (const one of [join(manifests, 'overlays/production'), overlay])
      await kubectl(['apply', '-k', one, '--server-side', '--dry-run=server', '--validate=strict']);
    await kubectl(['apply', '-k', overlay, '--server-side']);
    await kubectl(['rollout', 'status', 'deployment/longhaul-worker', '-n', 'longhaul', '--timeout=150s']);
  } catch (error) {
    const seen = await kubectl(['describe', 'pods', '-n', 'longhaul']).catch(() => '');
    const said = await kubectl(['logs', '-n', 'longhaul', '-l', labels, '--tail=50']).catch(() => '');
    await uninstall();
    throw new Error(`the installation did not come up:\n${said}\n${seen.slice(-4000)}`, { cause: error });
  }
  return {
    async readyWorkers() {
      const columns = 'N:.metadata.name,R:.status.containerStatuses[0].ready,D:.metadata.deletionTimestamp';
      const lines = await names('longhaul', '-l', labels, '--no-headers', '-o', `custom-columns=${columns}`);
      return lines.flatMap((line) => {
        const [name = '', ready, deleted] = line.trim().split(/\s+/);
        return ready === 'true' && deleted === '<none>' ? [name] : [];
      });
    },
    sandboxes: () =>
      names('longhaul-sandboxes', '-o', 'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}'),
    [Symbol.asyncDispose]: uninstall,
  };
}

function ownOverlay({ directory, env, replicas }: InstallOptions): string {
  const named = (name: string) => ({ name, namespace: 'longhaul' });
  const claim = { ...named('longhaul-home'), apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
  const write = (name: string, value: unknown) => writeFileSync(join(directory, name), stringify(value));
  write('volume.yaml', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volume },
    spec: {
      storageClassName: '',
      capacity: { storage: '20Gi' },
      accessModes: ['ReadWriteMany'],
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { ...claim, name: 'longhaul-home' },
      hostPath: { path: directory, type: 'Directory' },
    },
  });
  const patches = [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: named('longhaul-home'),
      spec: { storageClassName: '', volumeName: volume, accessModes: ['ReadWriteMany'] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: named('longhaul-worker'),
      spec: {
        replicas,
        template: {
          spec: {
            containers: [
              {
                name: 'worker',
                env: [{ name: 'LONGHAUL_HOME', value: join(directory, 'state') }],
                // Also where it is on this machine: repositories name each other by their paths.
                volumeMounts: [{ name: 'home', mountPath: directory }],
              },
            ],
          },
        },
      },
    },
  ];
  write('kustomization.yaml', {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [relative(directory, join(manifests, 'overlays/development')), 'volume.yaml'],
    configMapGenerator: [
      {
        ...named('longhaul-worker'),
        behavior: 'merge',
        literals: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      },
    ],
    patches: patches.map((patch) => ({ patch: stringify(patch) })),
  });
  return directory;
}
