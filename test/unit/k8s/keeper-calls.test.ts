import { expect, test } from 'vitest';
import { LonghaulError } from '../../../contracts/error.ts';
import { LeaseIdSchema } from '../../../contracts/ids.ts';
import { playKeeper } from '../../helpers/played-keeper.ts';

const leaseId = LeaseIdSchema.parse('fix.1');
const limitMs = 200;

test('a call is answered by the keeper of the pod', async () => {
  const { call, calls } = await playKeeper((keeper) => keeper.answer());
  expect(await call(leaseId, { call: 'ping' })).toEqual({ kind: 'done', value: 'answered', bytes: null });
  expect(calls()).toBe(1);
});

test.each(['cut', 'fail'] as const)(
  'a connection that ends (%s) after longer than a keeper may be out of reach costs one call more',
  async (how) => {
    const { call, calls } = await playKeeper((keeper) => {
      if (keeper.count > 1) keeper.answer();
      else setTimeout(keeper[how], 2 * limitMs);
    });
    expect(await call(leaseId, { call: 'ping' })).toMatchObject({ kind: 'done' });
    expect(calls()).toBe(2);
  },
);

test('a keeper that cuts every connection at once is given up, and told as out of reach', async () => {
  const { call } = await playKeeper((keeper) => keeper.cut());
  await expect(call(leaseId, { call: 'ping' })).rejects.toMatchObject({
    code: 'sandbox.start_failed',
    message: expect.stringContaining('the connection was cut'),
  });
});

test('a pod that has ended is dead and one that never was is absent, and neither is called', async () => {
  const ended = await playKeeper(() => undefined, { state: { kind: 'ended', how: 'it was deleted' } });
  expect(await ended.call(leaseId, { call: 'ping' })).toEqual({ kind: 'dead' });
  const none = await playKeeper(() => undefined, { state: null });
  expect(await none.call(leaseId, { call: 'ping' })).toEqual({ kind: 'absent' });
  expect([ended.calls(), none.calls()]).toEqual([0, 0]);
});

test('an API server that is away for longer than the limit is what the error says, not that the lease is of no use', async () => {
  const state = new LonghaulError('server.unavailable', 'nobody answers');
  const { call } = await playKeeper((keeper) => keeper.answer(), { state });
  await expect(call(leaseId, { call: 'ping' })).rejects.toMatchObject({ code: 'server.unavailable' });
});
