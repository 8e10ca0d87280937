import { KubeConfig } from '@kubernetes/client-node';
import { expect, inject, test } from 'vitest';
import { lookAtCluster } from '../../k8s/look-at-cluster.ts';
import { KubernetesConfigSchema } from '../../workers/kubernetes-config.ts';
import { apply, kubectl, testNamespace } from '../helpers/kubectl.ts';

const timeout = 120_000;
const { image, keeperImage, kubeconfig } = inject('cluster');
const settingsOf = (namespace: string) => KubernetesConfigSchema.parse({ namespace, image, keeperImage });

function cluster(token?: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  if (token !== undefined) config.users = config.users.map(({ name }) => ({ name, token }));
  return config;
}

test('a namespace that is ready has no finding that does not hold', { timeout }, async () => {
  await using space = await testNamespace({ deny: true });
  const found = await lookAtCluster(cluster(), settingsOf(space.name));
  expect(found.filter(({ holds }) => !holds)).toEqual([]);
  expect(found[0]?.text).toMatch(/^Kubernetes v1\.\d+/);
  expect(await kubectl(['get', 'jobs', '-n', space.name, '-o', 'name'])).toBe('');
});

test('a namespace that is not there is named, with the command that makes it', { timeout }, async () => {
  const found = await lookAtCluster(cluster(), settingsOf('longhaul-nowhere'));
  expect(found.filter(({ holds }) => !holds)).toMatchObject([
    { text: 'there is no namespace longhaul-nowhere', fix: expect.stringContaining('kubectl apply -k') },
  ]);
});

test('each right that a login lacks is named', { timeout }, async () => {
  await using space = await testNamespace({ deny: true });
  const metadata = { name: 'weak', namespace: space.name };
  await apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'watch'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'weak' },
      subjects: [{ kind: 'ServiceAccount', name: 'weak', namespace: space.name }],
    },
  );
  const token = (await kubectl(['create', 'token', 'weak', '-n', space.name])).trim();
  const found = await lookAtCluster(cluster(token), settingsOf(space.name));
  expect(found.filter(({ holds }) => !holds).map(({ text }) => text)).toEqual([
    `this login may not delete jobs, get pods, list pods, watch pods, delete pods, create pods/exec, get pods/exec in the namespace ${space.name}`,
  ]);
});

test('a cluster that does not answer is the only finding', { timeout }, async () => {
  const config = cluster();
  config.clusters = config.clusters.map((one) => ({ ...one, server: 'https://127.0.0.1:1' }));
  expect(await lookAtCluster(config, settingsOf('any'))).toMatchObject([
    { holds: false, text: expect.stringContaining('https://127.0.0.1:1 does not answer') },
  ]);
});
