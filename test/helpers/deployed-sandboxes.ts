import { randomBytes } from 'node:crypto';
import { KubeConfig } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import { kubectl, type TestNamespace } from './kubectl.ts';
import { kubeConfig } from './kubernetes-sandbox.ts';

const folder = 'k8s/manifests/base/sandboxes';
const names = /longhaul-(?:sandboxes|sandbox-low)/g;

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly subjects?: readonly object[];
}

/** A namespace as the manifests make it, under another name, with a worker's account in it. `without` leaves kinds out. */
export async function deployedSandboxes(without: readonly string[] = []): Promise<TestNamespace> {
  const name = `longhaul-test-${randomBytes(4).toString('hex')}`;
  const text = (await kubectl(['kustomize', folder])).replaceAll(names, (found) =>
    found === 'longhaul-sandboxes' ? name : priorityClassOf(name),
  );
  const manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  const worker = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'longhaul-worker', namespace: name },
  };
  const items = manifests
    .filter(({ kind }) => !without.includes(kind))
    .map((one) => (one.subjects === undefined ? one : { ...one, subjects: [subjectOf(name)] }));
  await kubectl(
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...items, worker] }),
  );
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await kubectl(['delete', 'namespace', name, '--wait=false']);
      await kubectl(['delete', 'priorityclass', priorityClassOf(name), '--ignore-not-found']);
    },
  };
}

export const priorityClassOf = (namespace: string): string => `${namespace}-low`;
const subjectOf = (namespace: string) => ({ kind: 'ServiceAccount', name: 'longhaul-worker', namespace });

/** The cluster as an account of a namespace sees it. */
export async function clusterAs(namespace: string, account = 'longhaul-worker'): Promise<KubeConfig> {
  const token = (await kubectl(['create', 'token', account, '-n', namespace, '--duration=1h'])).trim();
  const cluster = kubeConfig().getCurrentCluster();
  if (cluster === null) throw new Error('the tests have no cluster');
  const as = new KubeConfig();
  as.loadFromClusterAndUser(cluster, { name: account, token });
  return as;
}
