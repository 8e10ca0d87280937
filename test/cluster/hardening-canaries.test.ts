import { expect, inject, test } from 'vitest';
import { createCanaries } from '../../k8s/canaries/canaries.ts';
import type { CanaryFinding } from '../../k8s/canaries/findings.ts';
import { lookAtWalls } from '../../k8s/canaries/look.ts';
import type { PodSettings } from '../../k8s/job.ts';
import { clusterAs, deployedSandboxes } from '../helpers/deployed-sandboxes.ts';
import { fakeOutside } from '../helpers/fake-outside.ts';
import { kubectl } from '../helpers/kubectl.ts';
import { podSettings } from '../helpers/kubernetes-sandbox.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

const { signal } = new AbortController();
const broken = (findings: readonly CanaryFinding[]) =>
  findings.filter(({ holds }) => !holds).map(({ name }) => name);

async function lookAt(namespace: string, more: Partial<PodSettings> = {}, outside: readonly string[] = []) {
  const cluster = await clusterAs(namespace);
  return await lookAtWalls({ cluster, settings: podSettings(namespace, more), outside }, signal);
}

test('in the namespace of the manifests every wall holds, seen with the rights of a worker, and nothing is left of the look', async () => {
  await using space = await deployedSandboxes();
  const findings = await lookAt(space.name, { serviceAccount: 'longhaul-sandbox' });
  expect(findings.filter(({ holds }) => !holds)).toEqual([]);
  expect(findings.find(({ name }) => name === 'processes')?.found).toMatch(
    /^[1-9]\d+ processes could be started$/,
  );
  await expect
    .poll(() => kubectl(['get', 'jobs,pods', '-n', space.name, '-o', 'name']), { timeout: 30_000 })
    .toBe('');
}, 120_000);

test('without the NetworkPolicy the look names all that a pod reaches, outside of the cluster too', async () => {
  await using space = await deployedSandboxes(['NetworkPolicy']);
  const { own } = inject('cluster');
  await using outside = own === undefined ? undefined : await fakeOutside(own.init);
  const findings = await lookAt(space.name, {}, outside?.targets ?? []);
  expect(broken(findings)).toEqual(['network']);
  const found = findings.find(({ name }) => name === 'network')?.found ?? '';
  for (const name of [
    'the API server',
    'the API server from outside',
    'the kubelet',
    'another pod',
    ...(outside?.targets ?? []),
  ])
    expect(found).toContain(name);
}, 120_000);

test('without the label of Pod Security the look says that a privileged pod is let in', async () => {
  await using space = await deployedSandboxes();
  await kubectl(['label', 'namespace', space.name, 'pod-security.kubernetes.io/enforce-']);
  expect(broken(await lookAt(space.name))).toEqual(['podSecurity']);
}, 120_000);

test('pods without a user namespace of their own are seen where one is asked for', async () => {
  await using space = await deployedSandboxes();
  const findings = await lookAt(space.name, { userNamespaces: false });
  expect(broken(findings)).toEqual([]);
  expect(findings.find(({ name }) => name === 'userNamespace')?.found).toBe(
    'the first user inside is 0 outside',
  );
}, 120_000);

test('a worker refuses work behind a broken wall and says what to do, remembers for a while that all held, and looks again after a failure', async () => {
  await using space = await deployedSandboxes(['NetworkPolicy']);
  const stateDir = await temporaryDirectory();
  const cluster = await clusterAs(space.name);
  const settings = podSettings(space.name);
  const canaries = (acceptedRisks: readonly 'network'[] = []) =>
    createCanaries({ cluster, settings, outside: [], acceptedRisks, stateDir });
  await expect(canaries().require(signal)).rejects.toMatchObject({
    code: 'sandbox.not_isolated',
    details: { broken: 'network' },
    message: expect.stringMatching(
      /network: a pod reaches the API server.*Apply the default-deny NetworkPolicy/s,
    ),
  });
  await canaries(['network']).require(signal);

  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'deny', namespace: space.name },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  };
  await kubectl(['apply', '-f', '-'], JSON.stringify(policy));
  const held = canaries();
  await Promise.all([held.require(signal), held.require(signal), held.require(signal)]);
  // Remembered: with a cluster that nobody can ask, it still holds.
  await kubectl(['delete', 'rolebinding', 'longhaul-worker', '-n', space.name]);
  await canaries().require(signal);
  await expect(canaries().look(signal)).rejects.toMatchObject({ code: 'sandbox.unavailable' });
}, 240_000);
