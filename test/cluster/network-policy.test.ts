import { expect, inject, test } from 'vitest';
import { z } from 'zod';
import { fakeOutside } from '../helpers/fake-outside.ts';
import { apply, endOfPod, fieldOf, kubectl, restrictedPod, testNamespace } from '../helpers/kubectl.ts';

const ReachedSchema = z.record(z.string(), z.object({ tried: z.number(), reached: z.number() }));

/** From its first moment on a pod connects to each target again and again, and prints how often that worked. */
const probe = `
const net = require('node:net');
const counts = Object.fromEntries(JSON.parse(process.argv[1]).map((target) => [target, { tried: 0, reached: 0 }]));
const connect = (target) => new Promise((resolve) => {
  const [host, port] = target.split(':');
  const socket = net.connect(Number(port), host);
  socket.setTimeout(100, () => socket.destroy());
  socket.once('connect', () => { counts[target].reached++; socket.destroy(); });
  socket.once('error', () => {});
  socket.once('close', resolve);
  counts[target].tried++;
});
const end = Date.now() + 4000;
const keepTrying = async (target) => { while (Date.now() < end) { await connect(target); await new Promise(setImmediate); } };
Promise.all(Object.keys(counts).map(keepTrying)).then(() => console.log(JSON.stringify(counts)));
`;

async function reachedFrom(namespace: string, targets: readonly string[]) {
  const command = ['node', '-e', probe, JSON.stringify(targets)];
  await apply(restrictedPod(namespace, 'probe', command));
  const { output } = await endOfPod(namespace, 'probe');
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
  const { init } = inject('cluster');
  await using outside = init === 0 ? undefined : await fakeOutside(init);
  const targets = [...(await targetsFor(open.name)), ...(outside?.targets ?? [])];

  const without = await reachedFrom(open.name, targets);
  for (const target of targets) expect(without[target]?.reached, target).toBeGreaterThan(0);

  const withPolicy = await reachedFrom(closed.name, targets);
  for (const target of targets) {
    expect(withPolicy[target]?.tried, target).toBeGreaterThan(10);
    expect(withPolicy[target]?.reached, target).toBe(0);
  }
});
