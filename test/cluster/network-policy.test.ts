import { expect, inject, test } from 'vitest';
import { z } from 'zod';
import { fakeOutside } from '../helpers/fake-outside.ts';
import { apply, endOfPod, fieldOf, kubectl, restrictedPod, testNamespace } from '../helpers/kubectl.ts';

const ReachedSchema = z.record(z.string(), z.object({ tried: z.number(), reached: z.number() }));

/**
 * Connects to each target again and again for four seconds, and prints how often that worked. Python, which has begun
 * within milliseconds: before an enforcer that acts too late can have heard of the pod.
 */
const probe = `
import errno, json, select, socket, sys, time
counts = {target: {"tried": 0, "reached": 0} for target in json.loads(sys.argv[1])}
end = time.monotonic() + 4
pending, due = {}, 0
while pending or time.monotonic() < end:
    now = time.monotonic()
    if due <= now < end:
        due = now + 0.01
        for target in counts:
            host, port = target.split(":")
            one = socket.socket()
            one.setblocking(False)
            counts[target]["tried"] += 1
            if one.connect_ex((host, int(port))) == errno.EINPROGRESS:
                pending[one] = (target, now + 0.3)
            else:
                one.close()
    for one in select.select([], list(pending), [], 0.01)[1]:
        if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
            counts[pending[one][0]]["reached"] += 1
        del pending[one]
        one.close()
    for one in [one for one, (_, late) in pending.items() if late < now]:
        del pending[one]
        one.close()
print(json.dumps(counts))
`;

async function reachedFrom(namespace: string, pod: string, targets: readonly string[]) {
  const command = ['python3', '-I', '-S', '-c', probe, JSON.stringify(targets)];
  await apply(restrictedPod(namespace, pod, command));
  const { output } = await endOfPod(namespace, pod);
  return ReachedSchema.parse(JSON.parse(output));
}

const listener = `require('node:net').createServer((s) => s.end()).listen(8080, '0.0.0.0')`;

async function listeningPod(namespace: string): Promise<string> {
  await apply(restrictedPod(namespace, 'listener', ['node', '-e', listener]));
  await kubectl(['wait', '-n', namespace, 'pod/listener', '--for=condition=Ready', '--timeout=60s']);
  return `${await fieldOf('{.status.podIP}', '-n', namespace, 'pod/listener')}:8080`;
}

/** What untrusted commands would look for first: API server, kubelet, other pods; beside an own cluster also the world. */
async function targetsFor(namespace: string): Promise<readonly string[]> {
  const slice = ['-n', 'default', 'endpointslices', '-l', 'kubernetes.io/service-name=kubernetes'];
  const api = await fieldOf('{.items[0].endpoints[0].addresses[0]}:{.items[0].ports[0].port}', ...slice);
  const service = await fieldOf(
    '{.spec.clusterIP}:{.spec.ports[0].port}',
    '-n',
    'default',
    'service/kubernetes',
  );
  const node = await fieldOf('{.items[0].status.addresses[?(@.type=="InternalIP")].address}', 'nodes');
  return [api, service, `${node}:10250`, await listeningPod(namespace)];
}

test('default-deny egress holds from the first moment of a pod, where the same probe without policy reaches everything', async () => {
  await using open = await testNamespace({ deny: false });
  await using closed = await testNamespace({ deny: true });
  const { own } = inject('cluster');
  await using outside = own === undefined ? undefined : await fakeOutside(own.init);
  const targets = [...(await targetsFor(open.name)), ...(outside?.targets ?? [])];

  const without = await reachedFrom(open.name, 'probe', targets);
  for (const target of targets) expect(without[target]?.reached, target).toBeGreaterThan(0);

  const withPolicy = await reachedFrom(closed.name, 'probe', targets);
  for (const target of targets) {
    expect(withPolicy[target]?.tried, target).toBeGreaterThan(10);
    expect(withPolicy[target]?.reached, target).toBe(0);
  }
});

// An enforcer that learns of pods late, or not at all, may cost a pod its network, and never its walls.
test.skipIf(Boolean(process.env['KUBECONFIG']))(
  'while the enforcer stands still a new pod reaches nothing, and once it goes on what policy allows',
  async () => {
    await using open = await testNamespace({ deny: false });
    const targets = await targetsFor(open.name);
    const enforcer = inject('cluster').own?.enforcer ?? 0;
    process.kill(enforcer, 'SIGSTOP');
    try {
      const closed = await reachedFrom(open.name, 'early', targets);
      for (const target of targets) {
        expect(closed[target]?.tried, target).toBeGreaterThan(10);
        expect(closed[target]?.reached, target).toBe(0);
      }
    } finally {
      process.kill(enforcer, 'SIGCONT');
    }
    const free = await reachedFrom(open.name, 'late', targets);
    for (const target of targets) expect(free[target]?.reached, target).toBeGreaterThan(0);
  },
);
