import { expect, test } from 'vitest';
import { acquire, nextLease, run } from '../conformance/sandbox-support.ts';
import { clusterAs, deployedSandboxes, priorityClassOf } from '../helpers/deployed-sandboxes.ts';
import { kubectl } from '../helpers/kubectl.ts';
import { makeKubernetesFixture } from '../helpers/kubernetes-sandbox.ts';

const workerOf = (namespace: string) => `system:serviceaccount:${namespace}:longhaul-worker`;
const sandboxOf = (namespace: string) => `system:serviceaccount:${namespace}:longhaul-sandbox`;

/** Resources and verbs of `kubectl auth can-i --list`, without what every account has. */
async function rightsOf(account: string, namespace: string): Promise<readonly string[]> {
  const table = await kubectl([
    'auth',
    'can-i',
    '--list',
    `--as=${account}`,
    '-n',
    namespace,
    '--no-headers',
  ]);
  return table
    .split('\n')
    .filter((line) => line !== '' && !/^\s|selfsubject|clustertrustbundles/.test(line))
    .map((line) => `${line.split(/\s/)[0]} ${/\[([^\]]*)\]$/.exec(line.trim())?.[1]}`)
    .sort();
}

test('the worker has the rights of its Role in the namespace of sandboxes, none elsewhere, and the account of pods has none', async () => {
  await using space = await deployedSandboxes();
  expect(await rightsOf(workerOf(space.name), space.name)).toEqual([
    'jobs.batch create get list watch patch delete',
    'pods create get list watch patch delete',
    'pods/exec create get',
  ]);
  for (const elsewhere of ['default', 'kube-system'])
    expect(await rightsOf(workerOf(space.name), elsewhere)).toEqual([]);
  expect(await rightsOf(sandboxOf(space.name), space.name)).toEqual([]);
});

test('a worker with these rights runs a step in the namespace of the manifests, and leaves nothing in it', async () => {
  await using space = await deployedSandboxes();
  const more = { serviceAccount: 'longhaul-sandbox', priorityClass: priorityClassOf(space.name) };
  const fixture = await makeKubernetesFixture(more, { space, cluster: await clusterAs(space.name) });
  const leaseId = nextLease();
  await acquire(fixture, leaseId);
  expect(await run(fixture, leaseId, 'echo works')).toMatchObject({ status: 'ok', text: 'works\n' });
  await fixture.sandbox.release(leaseId);
  expect(await fixture.leftovers(leaseId)).toEqual([]);
  await fixture.cleanup();
});

test.each([
  ['jobs', 'create', 'cannot create resource "jobs"'],
  ['jobs', 'get', 'cannot get resource "jobs"'],
  ['jobs', 'delete', 'cannot delete resource "jobs"'],
  ['pods', 'list', 'cannot list resource "pods"'],
  ['pods/exec', '*', 'may not enter pods'],
])('without the right on %s to %s the worker says so, and what to grant', async (resource, verb, found) => {
  await using space = await deployedSandboxes();
  const fixture = await makeKubernetesFixture({}, { space, cluster: await clusterAs(space.name) });
  const role = JSON.parse(await kubectl(['get', 'role', 'longhaul-worker', '-n', space.name, '-o', 'json']));
  for (const rule of role.rules)
    if (rule.resources.includes(resource))
      rule.verbs = rule.verbs.filter((one: string) => verb !== '*' && one !== verb);
  role.rules = role.rules.filter((rule: { verbs: string[] }) => rule.verbs.length > 0);
  await kubectl(['apply', '-f', '-'], JSON.stringify(role));

  const leaseId = nextLease();
  const made = acquire(fixture, leaseId)
    .then(() => acquire(fixture, leaseId))
    .then(() => fixture.sandbox.release(leaseId));
  await expect(made).rejects.toMatchObject({
    code: 'sandbox.unavailable',
    message: expect.stringMatching(new RegExp(`${found}.*worker-role.yaml`, 's')),
  });
});
