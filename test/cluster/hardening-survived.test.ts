import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PodSettings } from '../../k8s/job.ts';
import {
  acquire,
  checkpointOf,
  nextLease,
  run,
  type SandboxFixture,
} from '../conformance/sandbox-support.ts';
import { deployedSandboxes } from '../helpers/deployed-sandboxes.ts';
import { fieldOf, kubectl, type TestNamespace } from '../helpers/kubectl.ts';
import { makeKubernetesFixture } from '../helpers/kubernetes-sandbox.ts';

let space: TestNamespace;
beforeEach(async () => {
  space = await deployedSandboxes();
});
afterEach(() => space[Symbol.asyncDispose]());

/** A lease in a pod of its own, which is gone afterwards. */
async function withLease(
  more: Partial<PodSettings>,
  use: (fixture: SandboxFixture, leaseId: ReturnType<typeof nextLease>) => Promise<void>,
) {
  const fixture = await makeKubernetesFixture(more, { space });
  const leaseId = nextLease();
  await acquire(fixture, leaseId);
  await use(fixture, leaseId);
  await fixture.sandbox.release(leaseId);
  expect(await fixture.leftovers(leaseId)).toEqual([]);
  await fixture.cleanup();
}
const podOf = async () => (await fieldOf('{.items[0].metadata.name}', '-n', space.name, 'pods')).trim();

describe('a sandbox that is ended by what it does, or by the cluster', () => {
  test('a full disk ends the pod: the step is lost, and the error says which limit it was', async () => {
    await withLease({ diskBytes: 64 * 1024 ** 2 }, async (fixture, leaseId) => {
      const filled = await run(fixture, leaseId, 'dd if=/dev/zero of=big bs=1M count=400; sleep 170', {
        timeoutMs: 180_000,
      });
      expect(filled.status).toBe('lost');
      const whatItSays = () => checkpointOf(fixture, leaseId).then(String, (error: Error) => error.message);
      // The keeper outlives its agent's container by moments.
      await expect
        .poll(whatItSays, { timeout: 60_000 })
        .toMatch(
          /is gone \(Evicted; .*exceeds.*\)\. Acquire the next lease and restore the last checkpoint/is,
        );
    });
  }, 300_000);

  test('an eviction loses the step that ran, and the error says that it was one', async () => {
    await withLease({}, async (fixture, leaseId) => {
      const step = run(fixture, leaseId, 'sleep 100', { timeoutMs: 120_000 });
      const name = await podOf();
      const eviction = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace: space.name },
      };
      await kubectl(
        ['create', '--raw', `/api/v1/namespaces/${space.name}/pods/${name}/eviction`, '-f', '-'],
        JSON.stringify(eviction),
      );
      expect((await step).status).toBe('lost');
      await expect(checkpointOf(fixture, leaseId)).rejects.toMatchObject({
        code: 'sandbox.lost',
        message: expect.stringMatching(/is gone \(.+\)\. Acquire the next lease/),
      });
    });
  }, 180_000);

  test('a pod whose processes ignore the polite signal is gone when its lease is released', async () => {
    await withLease({}, async (fixture, leaseId) => {
      await run(
        fixture,
        leaseId,
        '(trap "" TERM INT HUP; while :; do sleep 1; done) >/dev/null 2>&1 & sleep 0.2',
      );
    });
  }, 120_000);

  test('a flood on the output of the container itself fills no log of the node', async () => {
    await withLease({}, async (fixture, leaseId) => {
      // The first process's descriptors are closed to commands: there is no way to that log.
      const flood = await run(fixture, leaseId, 'for n in 0 1 2 3; do echo flood >/proc/1/fd/$n; done');
      expect(flood.status).toBe('failed');
      expect(flood.text).toMatch(/Permission denied|cannot create/);
      const logs = await kubectl(['logs', '-n', space.name, await podOf(), '--all-containers']);
      expect(logs).not.toContain('flood');
    });
  }, 120_000);

  test('nothing inside leads out: no namespace, trace, device, raw socket, kernel setting, or file of the other container', async () => {
    await withLease({}, async (fixture, leaseId) => {
      const tries = [
        'ls /proc/1/root/',
        'cat /proc/1/mem',
        'cat /run/longhaul/shell/sh',
        'echo x > /run/longhaul/control/commands',
        'echo x > /run/longhaul/control/reports',
        'ls /run/longhaul/control',
        'ls /longhaul',
        'echo 1 > /sys/kernel/profiling',
        'mkdir /sys/fs/cgroup/mine',
        'echo max > /sys/fs/cgroup/memory.max || echo -1 > /sys/fs/cgroup/memory/memory.limit_in_bytes',
        'cat /dev/mem || cat /dev/sda || cat /dev/fuse',
        'python3 -c "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"',
        'python3 -c "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"',
        'unshare --user --map-root-user true',
        'mount --bind /tmp /usr',
        'python3 -c "import os; os.open(\\"/workspace/.git/x\\", os.O_CREAT)"',
      ];
      for (const line of tries) expect((await run(fixture, leaseId, line)).status, line).toBe('failed');
      // The keeper is another process namespace: nobody here has its program or its files.
      const seen = await run(fixture, leaseId, 'cat /proc/[0-9]*/cmdline | tr "\\0" " "');
      expect(seen.text).not.toMatch(/node|socat|main\.ts/);
      expect((await run(fixture, leaseId, 'env; cat /proc/1/environ | tr "\\0" "\\n"')).text).not.toMatch(
        /KUBERNETES_/,
      );
    });
  }, 180_000);
});
