import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { KubernetesObject } from '@kubernetes/client-node';
import { inject } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { EgressSettings } from '../../k8s/egress-url.ts';
import { createGrantSigner } from '../../sandbox/egress/token.ts';
import { podRange, serviceRange } from '../../tools/cluster/network.ts';
import { apply, fieldOf, kubectl, testNamespace } from './kubectl.ts';

const folder = fileURLToPath(new URL('../../k8s/manifests/egress/', import.meta.url));

export interface TestEgress extends AsyncDisposable, EgressSettings {
  readonly namespace: string;
  /** Lets setups in a namespace reach the proxy, by the policies of the manifests. */
  allow(namespace: string): Promise<void>;
  /** What the proxy has logged. */
  decisions(): Promise<readonly Record<string, unknown>[]>;
}

export interface TestEgressOptions {
  /** Names that the proxy's pod knows, since no cluster of this machine has DNS. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** What a company's own policy adds: addresses that the proxy may reach beside public ones. */
  readonly reach?: readonly string[];
}

/** The egress proxy of the manifests, in a namespace of its own, one of it; with this cluster's ranges and a fresh pair of keys. */
export async function deployEgress({ hosts = {}, reach = [] }: TestEgressOptions = {}): Promise<TestEgress> {
  const space = await testNamespace({ deny: true });
  const pair = generateKeyPairSync('ed25519');
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const node = await fieldOf('{.items[0].status.addresses[?(@.type=="InternalIP")].address}', 'nodes');
  const settings = {
    publicKeyFile: '/etc/longhaul/key/public.pem',
    clusterRanges: [podRange, serviceRange, `${node}/32`],
  };
  const metadata = { name: 'longhaul-egress-key', namespace: space.name };
  await apply(
    { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { 'public.pem': publicKey } },
    ...objects(space.name, 'none').map((object) => adapted(object, settings, hosts)),
    ...reach.map((cidr, index) => reachPolicy(space.name, `reach-${index}`, cidr)),
  );
  const rollout = ['rollout', 'status', 'deployment/longhaul-egress', '-n', space.name, '--timeout=90s'];
  await kubectl(rollout);
  const address = await fieldOf('{.spec.clusterIP}', '-n', space.name, 'service/longhaul-egress');
  return {
    namespace: space.name,
    proxyUrl: `http://${address}:3128`,
    signGrant: createGrantSigner(privateKey),
    bindToPod: true,
    async allow(namespace) {
      const policies = objects(space.name, namespace).filter(({ kind }) => kind === 'NetworkPolicy');
      // Each namespace of a test has its own: policies add up.
      const named = policies.map((policy) => ({
        ...policy,
        metadata: { ...policy.metadata, name: `${policy.metadata?.name}-${namespace}` },
      }));
      await apply(...named);
    },
    async decisions() {
      const pods = ['-l', 'app.kubernetes.io/name=longhaul-egress', '-n', space.name, '--tail=-1'];
      const lines = (await kubectl(['logs', ...pods])).split('\n');
      return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    },
    [Symbol.asyncDispose]: async () => await space[Symbol.asyncDispose](),
  };
}

/** The objects of the manifests, in these namespaces in the place of their own. */
function objects(namespace: string, sandboxes: string): KubernetesObject[] {
  const files = readdirSync(folder).filter((name) => name !== 'kustomization.yaml');
  return files.flatMap((name) => {
    const text = readFileSync(`${folder}${name}`, 'utf8')
      .replaceAll(/(namespace|metadata\.name): longhaul-sandboxes\b/g, `$1: ${sandboxes}`)
      .replaceAll(/(namespace|metadata\.name): longhaul\b(?!-)/g, `$1: ${namespace}`);
    return parseAllDocuments(text)
      .map((document) => document.toJS() as KubernetesObject)
      .filter((object) => object.metadata?.namespace !== 'none');
  });
}

interface Adaptable extends KubernetesObject {
  readonly data?: Record<string, string>;
  readonly spec?: {
    replicas?: number;
    template?: { spec: { containers: { image: string }[]; hostAliases?: object[] } };
  };
}

function adapted(object: Adaptable, settings: object, hosts: Readonly<Record<string, string>>): object {
  const { spec } = object;
  if (object.kind === 'ConfigMap') return { ...object, data: { 'egress.json': JSON.stringify(settings) } };
  if (object.kind !== 'Deployment' || spec?.template === undefined) return object;
  const { keeperImage } = inject('cluster');
  const pod = {
    ...spec.template.spec,
    containers: spec.template.spec.containers.map((container) => ({ ...container, image: keeperImage })),
    hostAliases: Object.entries(hosts).map(([name, ip]) => ({ ip, hostnames: [name] })),
  };
  return { ...object, spec: { ...spec, replicas: 1, template: { ...spec.template, spec: pod } } };
}

function reachPolicy(namespace: string, name: string, cidr: string): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: {
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'longhaul-egress' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr } }] }],
    },
  };
}
