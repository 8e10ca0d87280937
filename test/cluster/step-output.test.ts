import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import type { StepPlace } from '../../contracts/sandbox.ts';
import { acquire, never, nextLease, run, shell } from '../conformance/sandbox-support.ts';
import { openClusterFaultProxy } from '../helpers/fault-proxy.ts';
import { type KubernetesFixture, makeKubernetesFixture } from '../helpers/kubernetes-sandbox.ts';
import { keeperProcess } from '../helpers/pod-keeper.ts';

const waitLong = { timeout: 60_000, interval: 50 };
const megabyte = 1_000_000;

let fixture: KubernetesFixture;
beforeAll(async () => {
  fixture = await makeKubernetesFixture();
});
afterAll(async () => {
  await fixture.cleanup();
});

describe('what a step in a pod writes', () => {
  test('a pod that dies under a step, whose keeper says nothing any more, takes none of what had come out', async () => {
    const { leaseId } = await acquire(fixture);
    const places: StepPlace[] = [];
    const wanted = shell('head -c 300000 /dev/zero | tr "\\0" x; sleep 310');
    const followed = fixture.sandbox.exec(leaseId, wanted, {
      signal: never,
      onOutput: (_, at) => places.push(at),
    });
    await vi.waitFor(() => expect(places.at(-1)?.offset).toBe(300_000), waitLong);
    const uid = await fixture.podUid(leaseId);
    expect(places.at(-1)).toMatchObject({ stepId: wanted.stepId, pod: { uid } });
    if (inject('cluster').own !== undefined) process.kill(keeperProcess(uid), 'SIGSTOP');
    await fixture.killKeeper(leaseId);
    const result = await followed;
    expect(result).toMatchObject({ status: 'lost', adopted: true });
    expect(Buffer.from(result.output).equals(Buffer.alloc(300_000, 'x'))).toBe(true);
    expect(await fixture.another().exec(leaseId, wanted, { signal: never, onOutput: () => {} })).toEqual({
      ...result,
      durationMs: 0,
    });
  });

  test('60 MB come byte for byte over a connection that is cut five times, and hardly any byte twice', async () => {
    const { leaseId } = await acquire(fixture);
    const { proxy, cluster } = await openClusterFaultProxy(fixture.cluster);
    await using _closing = proxy;
    const sandbox = fixture.through({ cluster });
    const size = 60 * megabyte;
    const line = `head -c ${size} /dev/urandom | tee /tmp/copy; sha256sum </tmp/copy >/tmp/sum`;
    const wanted = shell(line, { maxOutputBytes: size, timeoutMs: 120_000 });
    const before = proxy.received();
    const result = sandbox.exec(leaseId, wanted, { signal: never, onOutput: () => {} });
    for (const share of [1, 2, 3, 4, 5]) {
      await vi.waitFor(() => expect(proxy.received() - before).toBeGreaterThan((share * size) / 6), {
        timeout: 60_000,
        interval: 1,
      });
      proxy.cut();
    }
    const { output, status } = await result;
    expect({ status, bytes: output.byteLength }).toEqual({ status: 'ok', bytes: size });
    const { text } = await run(fixture, leaseId, 'cat /tmp/sum');
    expect(text.slice(0, 64)).toBe(createHash('sha256').update(output).digest('hex'));
    // What was on its way at each cut, and the frames around it all.
    expect(proxy.received() - before).toBeLessThan(size * 1.5);
  });

  test('a step that is silent outlives connections that are cut when nothing passes', async () => {
    const { leaseId } = await acquire(fixture);
    const { proxy, cluster } = await openClusterFaultProxy(fixture.cluster, { idleLimitMs: 1_000 });
    await using _closing = proxy;
    const wanted = shell('echo before; sleep 6; echo after');
    const { output, status } = await fixture
      .through({ cluster })
      .exec(leaseId, wanted, { signal: never, onOutput: () => {} });
    expect({ status, text: Buffer.from(output).toString() }).toEqual({
      status: 'ok',
      text: 'before\nafter\n',
    });
    expect(proxy.opened()).toBeGreaterThan(3);
  });

  test.runIf(process.env['LONGHAUL_LONG'] === '1')(
    'a step that is silent for ten minutes is followed to its end',
    { timeout: 700_000 },
    async () => {
      const { leaseId } = await acquire(fixture);
      const { proxy, cluster } = await openClusterFaultProxy(fixture.cluster, { idleLimitMs: 60_000 });
      await using _closing = proxy;
      const wanted = shell('echo before; sleep 600; echo after', { timeoutMs: 690_000 });
      const { output, status } = await fixture
        .through({ cluster })
        .exec(leaseId, wanted, { signal: never, onOutput: () => {} });
      expect({ status, text: Buffer.from(output).toString() }).toEqual({
        status: 'ok',
        text: 'before\nafter\n',
      });
    },
  );
});

describe('a keeper that hangs', () => {
  test.runIf(inject('cluster').own !== undefined)(
    'a keeper that is stopped counts as dead after the limit: its step is lost with its output, its pod is ended',
    async () => {
      const leaseId = nextLease();
      await acquire(fixture, leaseId);
      const sandbox = fixture.through({ silenceLimitMs: 6_000 });
      const tails: string[] = [];
      const wanted = shell('echo begun; sleep 311');
      const followed = sandbox.exec(leaseId, wanted, { signal: never, onOutput: (tail) => tails.push(tail) });
      await vi.waitFor(() => expect(tails.at(-1)).toBe('begun\n'), waitLong);
      process.kill(keeperProcess(await fixture.podUid(leaseId)), 'SIGSTOP');
      const result = await followed;
      expect(result).toMatchObject({ status: 'lost', adopted: true });
      expect(Buffer.from(result.output).toString()).toBe('begun\n');
      await expect(acquire(fixture, leaseId)).rejects.toMatchObject({ code: 'sandbox.lost' });
    },
  );
});

describe('cancelling a step in a pod', () => {
  test('ends a command that ignores TERM and one that has left its session', async () => {
    const { leaseId } = await acquire(fixture);
    const line =
      'trap "" TERM; setsid sh -c "trap \\"\\" TERM HUP; sleep 312; sleep 312" & echo begun > begun; while :; do sleep 312; done';
    const wanted = shell(line);
    const running = fixture.sandbox.exec(leaseId, wanted, { signal: never, onOutput: () => {} });
    await run(fixture, leaseId, 'until [ -e begun ]; do sleep 0.02; done');
    await fixture.another().cancel(leaseId, wanted.stepId);
    expect(await running).toMatchObject({ status: 'cancelled' });
    expect((await run(fixture, leaseId, 'ps -e -o args= | grep -c "[s]leep 312"')).text).toBe('0\n');
  });
});
