import { expect, test } from 'vitest';
import { NamespaceSchema, PodSchema, PolicySchema } from '../../../../tools/cluster/net-policy/objects.ts';
import { policyRules } from '../../../../tools/cluster/net-policy/rules.ts';

const namespace = (name: string, labels = {}) => NamespaceSchema.parse({ metadata: { name, labels } });

const pod = (
  name: string,
  podIP: string,
  more: { namespace?: string; phase?: string; hostNetwork?: boolean; ports?: object[] } = {},
) =>
  PodSchema.parse({
    metadata: { name, namespace: more.namespace ?? 'tasks', labels: { app: name } },
    spec: { hostNetwork: more.hostNetwork, containers: [{ ports: more.ports }] },
    status: { phase: more.phase ?? 'Running', podIP },
  });

const policy = (spec: object) => PolicySchema.parse({ metadata: { name: 'p', namespace: 'tasks' }, spec });

const selectA = { podSelector: { matchLabels: { app: 'a' } } };

function rulesFor(chain: string, known: { pods: object[]; policies: object[] }): string[] {
  const namespaces = [namespace('tasks'), namespace('proxies', { role: 'proxy' })];
  const text = policyRules({ namespaces, ...known } as Parameters<typeof policyRules>[0]);
  return text.split('\n').filter((line) => line.startsWith(`-A ${chain} `));
}

test('a pod without a policy is free, and one that nobody knows has no network', () => {
  expect(rulesFor('LH-EGRESS', { pods: [pod('a', '10.244.0.2')], policies: [] })).toEqual([
    '-A LH-EGRESS -s 10.244.0.2/32 -j RETURN',
    '-A LH-EGRESS -j DROP',
  ]);
});

test('default-deny closes both directions of every pod of its namespace', () => {
  const known = {
    pods: [pod('a', '10.244.0.2'), pod('b', '10.244.0.3', { namespace: 'proxies' })],
    policies: [policy({ policyTypes: ['Ingress', 'Egress'] })],
  };
  expect(rulesFor('LH-EGRESS', known)).toContain('-A LH-EGRESS -s 10.244.0.2/32 -j DROP');
  expect(rulesFor('LH-INGRESS', known)).toContain('-A LH-INGRESS -d 10.244.0.2/32 -j DROP');
  expect(rulesFor('LH-EGRESS', known)).toContain('-A LH-EGRESS -s 10.244.0.3/32 -j RETURN');
});

test('a rule for egress allows the pods that it selects, on the ports that it names, and nothing after', () => {
  const ports = [{ name: 'http', containerPort: 3128 }];
  const known = {
    pods: [pod('a', '10.244.0.2'), pod('proxy', '10.244.0.3', { namespace: 'proxies', ports })],
    policies: [
      policy({
        ...selectA,
        policyTypes: ['Egress'],
        egress: [
          {
            to: [{ namespaceSelector: { matchLabels: { role: 'proxy' } } }],
            ports: [{ port: 'http' }, { port: 'nobody-has-this' }, { protocol: 'UDP', port: 53 }],
          },
          { to: [{ ipBlock: { cidr: '10.99.0.0/30', except: ['10.99.0.0/31'] } }] },
        ],
      }),
    ],
  };
  expect(rulesFor('LH-EGRESS', known).filter((line) => line.includes('-s 10.244.0.2/32'))).toEqual([
    '-A LH-EGRESS -s 10.244.0.2/32 -d 10.244.0.3/32 -p tcp --dport 3128 -j RETURN',
    '-A LH-EGRESS -s 10.244.0.2/32 -d 10.244.0.3/32 -p udp --dport 53 -j RETURN',
    '-A LH-EGRESS -s 10.244.0.2/32 -d 10.99.0.2/31 -j RETURN',
    '-A LH-EGRESS -s 10.244.0.2/32 -j DROP',
  ]);
});

test('a rule for ingress without peers allows everybody on its range of ports', () => {
  const known = {
    pods: [pod('a', '10.244.0.2')],
    policies: [policy({ ...selectA, ingress: [{ ports: [{ port: 8000, endPort: 8010 }] }] })],
  };
  expect(rulesFor('LH-INGRESS', known).slice(0, 2)).toEqual([
    '-A LH-INGRESS -d 10.244.0.2/32 -s 0.0.0.0/0 -p tcp --dport 8000:8010 -j RETURN',
    '-A LH-INGRESS -d 10.244.0.2/32 -j DROP',
  ]);
});

test('policies add up: what one allows, another does not take away', () => {
  const allow = (cidr: string) =>
    policy({ policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr } }] }] });
  const policies = [allow('10.1.0.0/16'), policy({ policyTypes: ['Egress'] }), allow('10.2.0.0/16')];
  expect(rulesFor('LH-EGRESS', { pods: [pod('a', '10.244.0.2')], policies }).slice(0, 3)).toEqual([
    '-A LH-EGRESS -s 10.244.0.2/32 -d 10.1.0.0/16 -j RETURN',
    '-A LH-EGRESS -s 10.244.0.2/32 -d 10.2.0.0/16 -j RETURN',
    '-A LH-EGRESS -s 10.244.0.2/32 -j DROP',
  ]);
});

test.each([
  ['In', ['a', 'x'], true],
  ['In', ['x'], false],
  ['NotIn', ['a'], false],
  ['NotIn', ['x'], true],
  ['Exists', [], true],
  ['DoesNotExist', [], false],
])('a policy for app %s %j is about the pod "a": %s', (operator, values, expected) => {
  const policies = [
    policy({
      podSelector: { matchExpressions: [{ key: 'app', operator, values }] },
      policyTypes: ['Egress'],
    }),
  ];
  const lines = rulesFor('LH-EGRESS', { pods: [pod('a', '10.244.0.2')], policies });
  expect(lines.includes('-A LH-EGRESS -s 10.244.0.2/32 -j DROP')).toBe(expected);
});

test('a pod that has ended, or shares the network of the node, has no rules', () => {
  const pods = [
    pod('ended', '10.244.0.2', { phase: 'Succeeded' }),
    pod('node', '10.99.0.2', { hostNetwork: true }),
  ];
  expect(rulesFor('LH-EGRESS', { pods, policies: [] })).toEqual(['-A LH-EGRESS -j DROP']);
});
