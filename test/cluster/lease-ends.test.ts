import { expect, onTestFinished, test, vi } from 'vitest';
import type { PodSettings } from '../../k8s/job.ts';
import { acquire, nextLease, run } from '../conformance/sandbox-support.ts';
import { kubectl } from '../helpers/kubectl.ts';
import { makeKubernetesFixture } from '../helpers/kubernetes-sandbox.ts';

async function leaseWith(settings: Partial<PodSettings>) {
  const fixture = await makeKubernetesFixture(settings);
  onTestFinished(() => fixture.cleanup());
  const leaseId = nextLease();
  return { fixture, leaseId, lease: await acquire(fixture, leaseId) };
}

test('a pod that nobody calls ends by itself, not under a command, and the lease is lost', async () => {
  const { fixture, leaseId } = await leaseWith({ idleLimitSeconds: 4 });
  // Longer than the limit, in one call.
  expect(await run(fixture, leaseId, 'sleep 6; echo done')).toMatchObject({ status: 'ok' });
  await vi.waitFor(
    async () => expect(await fixture.sandbox.leases()).toMatchObject([{ leaseId, alive: false }]),
    { timeout: 60_000, interval: 500 },
  );
  await expect(acquire(fixture, leaseId)).rejects.toMatchObject({ code: 'sandbox.lost' });
});

test('a lease whose Job the cluster has removed is lost and not made again, and its release leaves nothing', async () => {
  const { fixture, leaseId } = await leaseWith({});
  const ofTask = `longhaul.dev/task=${leaseId.split('.')[0]}`;
  await kubectl(['delete', 'jobs', '--all-namespaces', '-l', ofTask, '--wait=true']);
  await expect(acquire(fixture, leaseId)).rejects.toMatchObject({ code: 'sandbox.lost' });
  expect(await fixture.sandbox.leases()).toMatchObject([{ leaseId, alive: false }]);
  await fixture.sandbox.release(leaseId);
  expect([await fixture.sandbox.leases(), await fixture.leftovers(leaseId)]).toEqual([[], []]);
});

test('a lease says that it is to be left at half of its time', async () => {
  const madeAtMs = Date.now();
  const { lease } = await leaseWith({ activeDeadlineSeconds: 600 });
  const leftMs = (lease.renewAtMs ?? 0) - madeAtMs;
  expect(leftMs).toBeGreaterThan(290_000);
  expect(leftMs).toBeLessThan(420_000);
});
