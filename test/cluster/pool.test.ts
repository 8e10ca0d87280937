import { describe, expect, test, vi } from 'vitest';
import { leaseOf, poolWorld, taskId } from '../helpers/pool-world.ts';

type World = Awaited<ReturnType<typeof poolWorld>>;
type Api = World['api'];

const podNames = (pods: readonly { readonly metadata?: { readonly name?: string } }[]) =>
  pods.map(({ metadata }) => metadata?.name);

/** An API whose n-th change of the cluster fails, before or after it was made, and every call after that: its worker has died. */
function mortal({ jobs, core, rights }: Api, dieAt: number, when: 'before' | 'after'): Api {
  let changes = 0;
  const isDead = (name: string, at: 'before' | 'after'): boolean => {
    if (at === 'before' && /^(create|patch|delete)/.test(name)) changes += 1;
    return changes > dieAt || (changes === dieAt && (at === when || !/^(create|patch|delete)/.test(name)));
  };
  const orDie = (name: string, at: 'before' | 'after'): void => {
    if (isDead(name, at)) throw new Error('this worker is dead');
  };
  const wrap = <T extends object>(api: T): T =>
    new Proxy(api, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return async (...input: readonly unknown[]) => {
          orDie(String(name), 'before');
          const result: unknown = await method.apply(target, input);
          orDie(String(name), 'after');
          return result;
        };
      },
    });
  return { jobs: wrap(jobs), core: wrap(core), rights };
}

/** One of those that wait, and the claim on it; the lease has that pod and no other. */
async function expectOnePod(world: World, lease: number): Promise<void> {
  const pods = await world.podsOf(leaseOf(lease));
  expect(pods).toHaveLength(1);
  expect(pods[0]?.metadata?.annotations?.['longhaul.dev/lease']).toBe(leaseOf(lease));
}

describe('a pool of pods', () => {
  test('has as many as asked for, also when two workers look after it at once, and none of it is a lease', async () => {
    const world = await poolWorld();
    await Promise.all([world.pool(3).tend(), world.pool(3).tend()]);
    await world.untilReady(3);
    await Promise.all([world.pool(3).tend(), world.pool(3).tend()]);
    expect(await world.waiting()).toHaveLength(3);
    expect(await world.worker('a').leases()).toEqual([]);

    await world.pool(1).tend();
    await vi.waitFor(async () => expect(await world.waiting()).toHaveLength(1), {
      timeout: 60_000,
      interval: 300,
    });
    await world.pool(0).tend();
    await vi.waitFor(async () => expect(await world.jobNames()).toEqual([]), {
      timeout: 60_000,
      interval: 300,
    });
  });

  test('gives a lease a pod that waited, which works as any other, is found by another worker, and is gone with the lease', async () => {
    const world = await poolWorld();
    await world.untilReady(1);
    const before = podNames(await world.waiting());
    const [a, b] = [world.worker('a'), world.worker('a')];
    expect(await world.acquire(a, leaseOf(1))).toMatchObject({ adopted: false, leaseId: leaseOf(1) });
    expect(podNames(await world.podsOf(leaseOf(1)))).toEqual(before);
    expect(await world.acquire(b, leaseOf(1))).toMatchObject({ adopted: true });
    expect(await b.leases()).toEqual([{ leaseId: leaseOf(1), taskId, alive: true }]);
    await b.release(leaseOf(1));
    await vi.waitFor(async () => expect(await world.jobNames()).toEqual([]), {
      timeout: 60_000,
      interval: 300,
    });
    expect(await world.podsOf(leaseOf(1))).toEqual([]);
  });

  test('of other limits gives nothing: the lease gets a pod of its own', async () => {
    const world = await poolWorld();
    await world.untilReady(1, { processes: 99 });
    expect(await world.take(leaseOf(1))).toBe(true);
    expect(await world.waiting()).toHaveLength(1);
    expect(await world.jobNames()).toContain(world.nameOf(leaseOf(1)));
    await vi.waitFor(() => expectOnePod(world, 1), { timeout: 60_000, interval: 300 });
  });

  test('whose pod dies under a lease gives it no other: the lease is lost', async () => {
    const world = await poolWorld();
    await world.untilReady(2);
    const sandbox = world.worker('a');
    await world.acquire(sandbox, leaseOf(1));
    const [pod] = podNames(await world.podsOf(leaseOf(1)));
    await world.api.core.deleteNamespacedPod({
      name: pod ?? '',
      namespace: world.namespace,
      body: { gracePeriodSeconds: 0 },
    });
    await vi.waitFor(async () => expect(await world.podsOf(leaseOf(1))).toEqual([]), {
      timeout: 60_000,
      interval: 300,
    });
    await expect(world.acquire(sandbox, leaseOf(1))).rejects.toMatchObject({ code: 'sandbox.lost' });
    await sandbox.release(leaseOf(1));
    await vi.waitFor(async () => expect(await world.jobNames()).toHaveLength(1), {
      timeout: 60_000,
      interval: 300,
    });
  });
});

describe('taking a pod of the pool', () => {
  test('by two workers for one lease gives it one pod', async () => {
    const world = await poolWorld();
    await world.untilReady(3);
    const created = await Promise.all([1, 2, 3, 4].map(() => world.take(leaseOf(1))));
    expect(created.filter(Boolean)).toHaveLength(1);
    await expectOnePod(world, 1);
    expect(await world.waiting()).toHaveLength(2);
  });

  test('goes on where a worker died, before or after any of its changes: one lease, one pod', async () => {
    const world = await poolWorld();
    await world.untilReady(6);
    let lease = 0;
    for (const dieAt of [1, 2, 3])
      for (const when of ['before', 'after'] as const) {
        lease += 1;
        await expect(world.take(leaseOf(lease), mortal(world.api, dieAt, when))).rejects.toThrow('dead');
        await world.take(leaseOf(lease));
        await expectOnePod(world, lease);
        expect(await world.waiting()).toHaveLength(6 - lease);
      }
  });

  test('that somebody else was faster to get leads to another pod, and to one of its own when none is left', async () => {
    const world = await poolWorld();
    await world.untilReady(2);
    // Lease 1 names a pod and dies; all of them are taken by others before it is asked for again.
    await expect(world.take(leaseOf(1), mortal(world.api, 1, 'after'))).rejects.toThrow('dead');
    await world.take(leaseOf(2));
    await world.take(leaseOf(3));
    expect(await world.waiting()).toEqual([]);
    await world.take(leaseOf(1));
    await vi.waitFor(() => expectOnePod(world, 1), { timeout: 60_000, interval: 300 });
    expect(
      new Set(podNames((await Promise.all([1, 2, 3].map((one) => world.podsOf(leaseOf(one))))).flat())),
    ).toHaveLength(3);
  });

  test('20 times at once from a pool of 5 gives 20 leases 20 pods, 5 of them of the pool', async () => {
    const world = await poolWorld();
    await world.untilReady(5);
    const pooled = podNames(await world.waiting());
    const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
    const created = await Promise.all(numbers.map((number) => world.take(leaseOf(number))));
    expect(created).toEqual(numbers.map(() => true));
    const podsOfAll = async () =>
      (await Promise.all(numbers.map((number) => world.podsOf(leaseOf(number))))).map(podNames);
    await vi.waitFor(async () => expect((await podsOfAll()).flat()).toHaveLength(20), {
      timeout: 90_000,
      interval: 500,
    });
    const pods = await podsOfAll();
    expect(pods.every((one) => one.length === 1)).toBe(true);
    expect(new Set(pods.flat()).size).toBe(20);
    expect(pods.flat().filter((name) => pooled.includes(name))).toHaveLength(5);
  });
});
