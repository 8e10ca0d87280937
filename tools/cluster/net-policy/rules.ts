import { podRange } from '../network.ts';
import { subtractRanges } from './address-ranges.ts';
import type { Known, Peer, Pod, Policy, Port } from './objects.ts';
import { selects } from './selectors.ts';

const everywhere = '0.0.0.0/0';

const entry = ':LH-POLICY - [0:0]';
const table = (lines: readonly string[]) => ['*filter', ...lines, 'COMMIT', ''].join('\n');

/** The rules of a node whose policies nobody knows yet: no pod opens a connection to anywhere, the node itself included. */
export const closedRules = table([
  entry,
  `-A LH-POLICY -s ${podRange} -m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP`,
  '-I FORWARD -j LH-POLICY',
  '-I INPUT -j LH-POLICY',
]);

interface Direction {
  readonly type: 'Egress' | 'Ingress';
  readonly chain: string;
  readonly own: string;
  readonly other: string;
}

const directions: readonly Direction[] = [
  { type: 'Egress', chain: 'LH-EGRESS', own: '-s', other: '-d' },
  { type: 'Ingress', chain: 'LH-INGRESS', own: '-d', other: '-s' },
];

interface LivePod extends Pod {
  readonly address: string;
}

function livePods(pods: readonly Pod[]): LivePod[] {
  return pods.flatMap((pod) => {
    const { phase, podIP } = pod.status;
    const ended = phase === 'Succeeded' || phase === 'Failed';
    // A pod in the node's own network is the node: no policy is about it.
    return podIP === undefined || ended || pod.spec.hostNetwork ? [] : [{ ...pod, address: `${podIP}/32` }];
  });
}

/**
 * What iptables-restore is told, for these pods and policies. Closed by default: a pod that is not among them, because it
 * is new or gone, has no network. A connection that is open stays open, whatever changes.
 */
export function policyRules(known: Known): string {
  const pods = livePods(known.pods);
  const rules = pods.flatMap((pod) =>
    directions.flatMap((direction) => rulesOf(pod, direction, pods, known)),
  );
  return table([
    entry,
    ...directions.map(({ chain }) => `:${chain} - [0:0]`),
    '-A LH-POLICY -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN',
    ...directions.map(({ chain, own }) => `-A LH-POLICY ${own} ${podRange} -j ${chain}`),
    ...rules,
    ...directions.map(({ chain }) => `-A ${chain} -j DROP`),
  ]);
}

function rulesOf(pod: LivePod, direction: Direction, pods: readonly LivePod[], known: Known): string[] {
  const { chain, own, other, type } = direction;
  const policies = known.policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.metadata.namespace &&
      spec.policyTypes.includes(type) &&
      selects(spec.podSelector, pod.metadata.labels),
  );
  const start = `-A ${chain} ${own} ${pod.address}`;
  if (policies.length === 0) return [`${start} -j RETURN`];
  const allowed = policies.flatMap((policy) =>
    allowedBy(policy, type).flatMap(({ peers, ports }) =>
      targetsOf(peers, policy.metadata.namespace, pods, known).flatMap((target) => {
        const receiver = type === 'Egress' ? target.pod : pod;
        return portMatches(ports, receiver).map(
          (match) => `${start} ${other} ${target.range}${match} -j RETURN`,
        );
      }),
    ),
  );
  return [...allowed, `${start} -j DROP`];
}

function allowedBy({ spec }: Policy, type: Direction['type']) {
  return type === 'Egress'
    ? spec.egress.map(({ to, ports }) => ({ peers: to, ports }))
    : spec.ingress.map(({ from, ports }) => ({ peers: from, ports }));
}

interface Target {
  readonly range: string;
  readonly pod?: LivePod;
}

function targetsOf(
  peers: readonly Peer[],
  namespace: string,
  pods: readonly LivePod[],
  known: Known,
): Target[] {
  if (peers.length === 0) return [{ range: everywhere }];
  return peers.flatMap(({ ipBlock, namespaceSelector, podSelector }): Target[] => {
    if (ipBlock !== undefined) {
      // Pods have IPv4 only: a range of IPv6 allows none of them anything.
      if (ipBlock.cidr.includes(':')) return [];
      return subtractRanges(ipBlock.cidr, ipBlock.except).map((range) => ({ range }));
    }
    const names =
      namespaceSelector === undefined
        ? [namespace]
        : known.namespaces
            .filter(({ metadata }) => selects(namespaceSelector, metadata.labels))
            .map(({ metadata }) => metadata.name);
    return pods
      .filter(({ metadata }) => names.includes(metadata.namespace))
      .filter(({ metadata }) => podSelector === undefined || selects(podSelector, metadata.labels))
      .map((pod) => ({ range: pod.address, pod }));
  });
}

/** The ports of a rule as matches; a name that the receiver has not allows nothing. */
function portMatches(ports: readonly Port[], receiver: LivePod | undefined): string[] {
  if (ports.length === 0) return [''];
  return ports.flatMap(({ protocol, port, endPort }) => {
    const numbers = typeof port === 'string' ? portsNamed(port, protocol, receiver) : [port];
    return numbers.map((number) => {
      const range = endPort === undefined ? `${number}` : `${number}:${endPort}`;
      return ` -p ${protocol.toLowerCase()}${number === undefined ? '' : ` --dport ${range}`}`;
    });
  });
}

function portsNamed(name: string, protocol: string, pod: LivePod | undefined): number[] {
  const ports = pod?.spec.containers.flatMap((container) => container.ports) ?? [];
  return ports
    .filter((port) => port.name === name && port.protocol === protocol)
    .map(({ containerPort }) => containerPort);
}
