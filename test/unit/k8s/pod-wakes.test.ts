import type { ServerResponse } from 'node:http';
import { expect, test, vi } from 'vitest';
import { createPodWakes, type PodWaker } from '../../../k8s/pod-wakes.ts';
import { openClusterFaultProxy } from '../../helpers/fault-proxy.ts';
import { eventOf, playWatch } from '../../helpers/played-watch.ts';
import { uncaught } from '../../helpers/uncaught.ts';

const waitLong = { timeout: 30_000, interval: 10 };
const setUp = async (onWatch: (response: ServerResponse, count: number) => void) => {
  const said: string[] = [];
  const played = await playWatch(onWatch);
  const say = (line: string) => said.push(line);
  const wakes = createPodWakes({ cluster: played.cluster, namespace: 'n', owner: 'o', say });
  return { ...played, wakes, said };
};

/** How often a waiter was told to look. */
function countLooks(waker: PodWaker) {
  let looks = 0;
  const given = new AbortController();
  const loop = (async () => {
    while (!given.signal.aborted) {
      await waker.next(given.signal).catch(() => undefined);
      looks += 1;
    }
  })();
  const stop = async (): Promise<void> => {
    given.abort();
    await loop;
  };
  return { looks: () => looks, stop };
}

test('all that wait for pods share one watch, each is woken by its own pod, and the watch ends with the last', async () => {
  let server: ServerResponse | undefined;
  let closed = false;
  const { wakes, watches } = await setUp((response) => {
    server = response;
    response.on('close', () => {
      closed = true;
    });
    response.flushHeaders();
  });
  const [one, other] = [wakes.of('one'), wakes.of('other')];
  // Ten times a second as long as no watch is open, and hardly ever then.
  await vi.waitFor(async () => {
    const started = Date.now();
    await Promise.race([one.next(), other.next()]);
    expect(Date.now() - started).toBeGreaterThan(1_000);
  }, waitLong);
  const woken: string[] = [];
  const waiting = [one.next().then(() => woken.push('one')), other.next().then(() => woken.push('other'))];
  server?.write(eventOf('one'));
  await Promise.race(waiting);
  expect(woken).toEqual(['one']);
  await Promise.all(waiting);
  expect(watches()).toBe(1);
  one[Symbol.dispose]();
  other[Symbol.dispose]();
  await vi.waitFor(() => expect(closed).toBe(true), waitLong);
});

test('a change before the waiting has begun is not missed', async () => {
  const { wakes } = await setUp((response) => void response.write(eventOf('one', 'ADDED')));
  using waker = wakes.of('one');
  await vi.waitFor(async () => {
    const started = Date.now();
    await waker.next();
    expect(Date.now() - started).toBeGreaterThan(1_000);
  }, waitLong);
});

test('a watch that ends is opened again, and who waits looks at once', async () => {
  const { wakes, watches } = await setUp((response, count) => {
    response.flushHeaders();
    if (count < 4) setTimeout(() => response.end(), 20);
  });
  using waker = wakes.of('one');
  const { looks, stop } = countLooks(waker);
  await vi.waitFor(() => expect(watches()).toBe(4), waitLong);
  expect(looks()).toBeGreaterThanOrEqual(3);
  await stop();
});

test('a watch whose connection is cut, stalls or is refused leaves nothing uncaught, and is opened again', async () => {
  const errors = uncaught();
  const { cluster, watches } = await setUp((response) => response.flushHeaders());
  const { proxy, cluster: through } = await openClusterFaultProxy(cluster);
  const wakes = createPodWakes({ cluster: through, namespace: 'n', owner: 'o', say: () => undefined });
  using _waker = wakes.of('one');
  await vi.waitFor(() => expect(watches()).toBe(1), waitLong);
  proxy.cut();
  await vi.waitFor(() => expect(watches()).toBe(2), waitLong);
  proxy.refuse(true);
  proxy.cut();
  proxy.refuse(false);
  await vi.waitFor(() => expect(watches()).toBe(3), waitLong);
  await proxy[Symbol.asyncDispose]();
  expect(errors).toEqual([]);
});

test('a thousand events in a burst cost a few looks, and a line that is no JSON costs none', async () => {
  let server: ServerResponse | undefined;
  const { wakes } = await setUp((response) => {
    server = response;
    response.flushHeaders();
  });
  using waker = wakes.of('one');
  await vi.waitFor(() => expect(server).toBeDefined(), waitLong);
  const { looks, stop } = countLooks(waker);
  const before = looks();
  server?.write(`not json\n${eventOf('one').repeat(1_000)}`);
  await vi.waitFor(() => expect(looks()).toBeGreaterThan(before), waitLong);
  await stop();
  expect(looks()).toBeLessThan(50);
});

test('where this worker may not watch pods it looks ten times a second, and says so once', async () => {
  const { wakes, watches, said } = await setUp((response) => {
    response.statusCode = 403;
    response.end('{}');
  });
  using waker = wakes.of('one');
  await vi.waitFor(() => expect(said).toHaveLength(1), waitLong);
  for (let looks = 0; looks < 3; looks++) await waker.next();
  using another = wakes.of('one');
  await another.next();
  expect(said).toEqual([expect.stringContaining('may not watch pods in namespace n')]);
  expect(watches()).toBe(1);
});

test('who stops waiting hears the reason of that', async () => {
  const { wakes } = await setUp((response) => response.flushHeaders());
  using waker = wakes.of('one');
  const given = new AbortController();
  const waiting = waker.next(given.signal);
  given.abort(new Error('given up'));
  await expect(waiting).rejects.toThrow('given up');
});
