import { expect, test } from 'vitest';
import { apply, endOfPod, fieldOf, kubectl, restrictedPod, testNamespace } from '../helpers/kubectl.ts';

test('every node is Ready', async () => {
  const conditions = await fieldOf('{.items[*].status.conditions[?(@.type=="Ready")].status}', 'nodes');
  expect(conditions).toMatch(/^True( True)*$/);
});

const looks = `
set -eu
echo "user $(id -u)"
grep -E '^(NoNewPrivs|Seccomp|CapEff):' /proc/self/status
echo "uids $(cat /proc/self/uid_map)"
touch /root-file 2>/dev/null || echo "root is read-only"
touch /workspace/file && echo "workspace is writable"
ls /var/run/secrets 2>/dev/null || echo "no token"
unshare -U true 2>/dev/null || echo "no namespaces"
for tool in git node python3; do "$tool" --version; done
`;

test('a restricted pod runs: no rights, no token, its own user namespace, a workspace that it can write', async () => {
  await using namespace = await testNamespace({ deny: true });
  await apply(restrictedPod(namespace.name, 'looks', ['/bin/sh', '-c', looks]));
  const { exitCode, output } = await endOfPod(namespace.name, 'looks');
  expect(exitCode).toBe(0);
  const lines = output.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim());
  expect(lines).toEqual(
    expect.arrayContaining([
      'user 65532',
      'NoNewPrivs: 1',
      'Seccomp: 2',
      'CapEff: 0000000000000000',
      'root is read-only',
      'workspace is writable',
      'no token',
      'no namespaces',
    ]),
  );
  // The first user inside is somebody without rights outside.
  expect(output).toMatch(/^uids\s+0\s+[1-9]\d{4,}\s+65536$/m);
  expect(output).toMatch(/^git version 2\./m);
});

test('a pod can name its image by the digest that another one ran', async () => {
  await using namespace = await testNamespace({ deny: true });
  const imageOf = (name: string) =>
    fieldOf('{.status.containerStatuses[0].imageID}', '-n', namespace.name, `pod/${name}`);
  await apply(restrictedPod(namespace.name, 'by-tag', ['/bin/true']));
  expect(await endOfPod(namespace.name, 'by-tag')).toMatchObject({ exitCode: 0 });
  const image = await imageOf('by-tag');
  expect(image).toMatch(/^[^@]+@sha256:[0-9a-f]{64}$/);

  const pod = restrictedPod(namespace.name, 'by-digest', ['/bin/true']);
  const containers = pod.spec.containers.map((container) => ({ ...container, image }));
  await apply({ ...pod, spec: { ...pod.spec, containers } });
  expect(await endOfPod(namespace.name, 'by-digest')).toMatchObject({ exitCode: 0 });
  expect(await imageOf('by-digest')).toBe(image);
});

test('a privileged pod is refused, and each reason is named', async () => {
  await using namespace = await testNamespace({ deny: true });
  const pod = restrictedPod(namespace.name, 'privileged', ['/bin/sh']);
  const [container] = pod.spec.containers;
  const bad = {
    ...pod,
    spec: {
      ...pod.spec,
      hostUsers: true,
      hostNetwork: true,
      containers: [{ ...container, securityContext: { privileged: true, runAsUser: 0 } }],
    },
  };
  const refused = apply(bad);
  await expect(refused).rejects.toThrow(/violates PodSecurity "restricted/);
  await expect(refused).rejects.toThrow(/host namespaces.*privileged.*runAsUser=0/s);
  expect(await kubectl(['get', 'pods', '-n', namespace.name, '-o', 'name'])).toBe('');
});
