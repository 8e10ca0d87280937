import { cpSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownerOfHome } from '../../../workers/kubernetes-ports.ts';
import { createPorts } from '../../../workers/ports.ts';
import { localMark, otherSandbox, refuseMixed, sandboxMark } from '../../../workers/sandbox-mark.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const kubeconfig = (server: string) =>
  JSON.stringify({
    'current-context': 'here',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: 'token-of-the-user' } }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
  });

async function environment(server = 'https://cluster.example:6443', image = 'task:1') {
  const home = await temporaryDirectory();
  writeFileSync(join(home, 'kubeconfig'), kubeconfig(server));
  writeFileSync(join(home, 'kubernetes.yaml'), `image: ${image}\nkeeperImage: keeper:1\n`);
  return { LONGHAUL_HOME: home, LONGHAUL_SANDBOX: 'kubernetes', KUBECONFIG: join(home, 'kubeconfig') };
}

test('a worker of the same settings is recognized, and another by the name of what differs', async () => {
  const mark = await sandboxMark(await environment());
  expect(otherSandbox(mark, await sandboxMark(await environment()))).toEqual([]);
  expect(otherSandbox(mark, localMark)).toEqual(['LONGHAUL_SANDBOX']);
  expect(otherSandbox(mark, await sandboxMark(await environment('https://other.example')))).toEqual([
    'KUBECONFIG',
  ]);
  expect(
    otherSandbox(mark, await sandboxMark(await environment('https://cluster.example:6443', 'task:2'))),
  ).toEqual(['kubernetes.yaml']);
});

test('an environment that says nothing of the sandbox leaves it to the worker', async () => {
  expect(otherSandbox(await sandboxMark(await environment()), null)).toEqual([]);
});

test('a mark holds no token', async () => {
  expect(JSON.stringify(await sandboxMark(await environment()))).not.toContain('token');
});

test('workers of one home never run commands in different sandboxes; one that does not tell has the local one', async () => {
  const kubernetes = await sandboxMark(await environment());
  const mixed = expect.objectContaining({ code: 'worker.other_settings' });
  expect(() => refuseMixed(kubernetes, [{ pid: 7, sandbox: null }])).toThrow(mixed);
  expect(() => refuseMixed(localMark, [{ pid: 7, sandbox: kubernetes }])).toThrow(mixed);
  expect(() => refuseMixed(localMark, [{ pid: 7, sandbox: null }])).not.toThrow();
  expect(() => refuseMixed(kubernetes, [{ pid: 7, sandbox: kubernetes }])).not.toThrow();
});

test('a worker gets no ports where the word for its sandbox is unknown, its settings are missing, or no cluster is named', async () => {
  const env = await environment();
  const invalid = (message: RegExp) =>
    expect.objectContaining({ code: 'config.invalid', message: expect.stringMatching(message) });
  expect(() => createPorts({ ...env, LONGHAUL_SANDBOX: 'docker' })).toThrow(invalid(/local or kubernetes/));
  expect(() => createPorts({ ...env, LONGHAUL_KUBERNETES_CONFIG: '/nowhere.yaml' })).toThrow(
    invalid(/nowhere\.yaml/),
  );
  expect(() => createPorts({ ...env, KUBECONFIG: '/nowhere/kubeconfig' })).toThrow(invalid(/KUBECONFIG/));
});

test('whose pods they are stays when a home is moved, and a copy of it has its own', async () => {
  const folder = await temporaryDirectory();
  const [home, moved, copy] = ['home', 'moved', 'copy'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  createPorts({ LONGHAUL_HOME: home });
  const owner = ownerOfHome(home);
  renameSync(home, moved);
  cpSync(moved, copy, { recursive: true });
  expect(ownerOfHome(moved)).toBe(owner);
  expect(ownerOfHome(copy)).not.toBe(owner);
  expect(owner).toMatch(/^[a-z0-9][-a-z0-9]{0,61}[a-z0-9]$/);
});
