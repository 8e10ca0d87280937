import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { LeaseIdSchema } from '../../../contracts/ids.ts';
import { isExecRefused, openExec } from '../../../k8s/exec-stream.ts';
import { openClusterFaultProxy } from '../../helpers/fault-proxy.ts';
import { playKeeper } from '../../helpers/played-keeper.ts';
import { uncaught } from '../../helpers/uncaught.ts';

const leaseId = LeaseIdSchema.parse('fix.1');
const target = { namespace: 'n', pod: 'p', container: 'c', command: ['true'] };
const waitLong = { timeout: 30_000, interval: 10 };

test('a follow that is given up ends its connection, and leaves nothing uncaught', async () => {
  const errors = uncaught();
  const given = new AbortController();
  const { call, connections } = await playKeeper((keeper) => {
    keeper.sendBytes(Buffer.alloc(3_000_000));
    given.abort(new Error('given up'));
    keeper.sendBytes(Buffer.alloc(3_000_000));
  });
  await expect(call(leaseId, { call: 'ping' }, { signal: given.signal })).rejects.toThrow('given up');
  await vi.waitFor(() => expect(connections()).toBe(0), waitLong);
  expect(errors).toEqual([]);
});

test('an end of the command that cannot be read counts as one more cut, and does not end the process', async () => {
  const errors = uncaught();
  const { call, calls } = await playKeeper((keeper) =>
    keeper.count === 1 ? keeper.failOddly() : keeper.answer(),
  );
  expect(await call(leaseId, { call: 'ping' })).toMatchObject({ kind: 'done' });
  expect([calls(), errors]).toEqual([2, []]);
});

test('a connection on which nothing passes any more is ended by its pings', async () => {
  const { cluster } = await playKeeper(() => undefined);
  const { proxy, cluster: through } = await openClusterFaultProxy(cluster);
  await using _closing = proxy;
  const stream = await openExec(through, target, 100);
  const closed = once(stream, 'close');
  stream.resume();
  proxy.stall();
  await closed;
});

test('a silent connection is kept by its pings where one that is idle is cut', async () => {
  const { cluster } = await playKeeper(() => undefined);
  const { proxy, cluster: through } = await openClusterFaultProxy(cluster, { idleLimitMs: 1_000 });
  await using _closing = proxy;
  const pinged = await openExec(through, target, 100);
  const silent = await openExec(through, target);
  await once(silent.resume(), 'close');
  expect(pinged.destroyed).toBe(false);
  pinged.destroy();
});

test('a cluster that cannot be reached is told as such', async () => {
  const { cluster } = await playKeeper(() => undefined);
  const { proxy, cluster: through } = await openClusterFaultProxy(cluster);
  await using _closing = proxy;
  proxy.refuse(true);
  const refused = await openExec(through, target).catch((error: unknown) => error);
  expect(isExecRefused(refused)).toBe(true);
});

test("an exec leaves the process's own standard input and output alone", async () => {
  const listeners = () => [process.stdin, process.stdout].map((one) => one.eventNames().toSorted());
  const before = [listeners(), process.stdin.readableFlowing, process.stdout.writableEnded];
  const { cluster } = await playKeeper((keeper) => keeper.answer());
  const stream = await openExec(cluster, target);
  expect([listeners(), process.stdin.readableFlowing, process.stdout.writableEnded]).toEqual(before);
  const closed = once(stream, 'close');
  stream.destroy();
  await closed;
  expect([listeners(), process.stdin.readableFlowing, process.stdout.writableEnded]).toEqual(before);
});
