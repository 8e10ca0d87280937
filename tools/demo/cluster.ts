import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { down } from '../cluster/down.ts';
import { images } from '../cluster/images/contents.ts';
import { runDirectory } from '../cluster/paths.ts';
import { runProgram } from '../cluster/run-program.ts';
import { up } from '../cluster/up.ts';

const manifests = fileURLToPath(new URL('../../k8s/manifests/base/sandboxes', import.meta.url));
/** Room on a small node for the few sandboxes of a demo. */
const pods = {
  serviceAccount: 'longhaul-sandbox',
  cpu: { request: '100m', limit: '2' },
  memoryRequestBytes: 128 * 1024 ** 2,
  diskBytes: 1024 ** 3,
};

/** Where the demo's commands run, for its workers' environment; `close` takes away what the demo has made. */
export interface DemoCluster {
  readonly env: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

interface Found {
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly image: string;
  readonly keeperImage: string;
  end(): Promise<void>;
}

/** A namespace of the demo's own in the cluster of KUBECONFIG, else in one of this machine's own, which is started where it does not run. */
export async function openDemoCluster(
  env: NodeJS.ProcessEnv,
  home: string,
  say: (line: string) => void,
): Promise<DemoCluster> {
  const cluster = env['KUBECONFIG'] ? named(env, env['KUBECONFIG']) : await ownCluster(env, say);
  const { kubeconfig, image, keeperImage } = cluster;
  const namespace = `longhaul-demo-${randomBytes(3).toString('hex')}`;
  // No proxy leads to an address that only this machine has.
  const direct = env['KUBECONFIG'] ? {} : { NO_PROXY: '*', no_proxy: '*' };
  const kubectl = (...args: readonly string[]) =>
    runProgram(cluster.kubectl, args, { env: { ...env, ...direct, KUBECONFIG: kubeconfig } });
  try {
    say(`namespace ${namespace}: Pod Security "restricted", a quota, no network`);
    await applyManifests(namespace, kubectl);
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const file = join(home, 'kubernetes.yaml');
    writeFileSync(file, stringify({ namespace, image, keeperImage, ...pods }), { mode: 0o600 });
    return {
      env: { LONGHAUL_SANDBOX: 'kubernetes', LONGHAUL_KUBERNETES_CONFIG: file, KUBECONFIG: kubeconfig },
      async close() {
        await kubectl('delete', 'namespace', namespace, '--wait=false');
        await cluster.end();
      },
    };
  } catch (error) {
    await cluster.end();
    throw error;
  }
}

function named(env: NodeJS.ProcessEnv, kubeconfig: string): Found {
  const [image, keeperImage] = [env['LONGHAUL_TASK_IMAGE'], env['LONGHAUL_KEEPER_IMAGE']];
  if (!image || !keeperImage) {
    throw new Error(
      'KUBECONFIG names a cluster: set LONGHAUL_TASK_IMAGE and LONGHAUL_KEEPER_IMAGE to images that it can pull (k8s/images), or unset KUBECONFIG to use a cluster of this machine.',
    );
  }
  return { kubeconfig, kubectl: 'kubectl', image, keeperImage, end: async () => {} };
}

async function ownCluster(env: NodeJS.ProcessEnv, say: (line: string) => void): Promise<Found> {
  const directory = runDirectory(env);
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop);
  try {
    say('no KUBECONFIG is set: a cluster of this machine is used, and started where it does not run');
    const report = (line: string) => say(`cluster: ${line}`);
    const { kubeconfig, programs, started } = await up({ directory, env, report, signal: stopping.signal });
    say(started ? 'the demo ends this cluster' : 'this cluster ran before, and stays');
    return {
      kubeconfig,
      kubectl: join(programs, 'kubectl'),
      image: images.task.reference,
      keeperImage: images.keeper.reference,
      end: async () => void (started && (await down(directory))),
    };
  } finally {
    process.off('SIGINT', stop);
  }
}

/** A priority class is in no namespace: it would stay, or be somebody else's. */
const withoutPriority = {
  target: { kind: 'PriorityClass' },
  patch: stringify({
    $patch: 'delete',
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'longhaul-sandbox-low' },
  }),
};

/** The sandboxes' namespace as it is deployed, under another name. */
async function applyManifests(
  namespace: string,
  kubectl: (...args: readonly string[]) => Promise<string>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'longhaul-demo-manifests-'));
  try {
    const kustomization = {
      namespace,
      resources: [relative(directory, manifests)],
      patches: [withoutPriority],
    };
    writeFileSync(join(directory, 'kustomization.yaml'), stringify(kustomization));
    await kubectl('apply', '-k', directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
