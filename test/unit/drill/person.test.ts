import { expect, test } from 'vitest';
import type { ApprovalRecord, PendingApproval } from '../../../contracts/approval.ts';
import type { Moment } from '../../../contracts/drill.ts';
import { LonghaulError } from '../../../contracts/error.ts';
import type { ApprovalId, Digest, TaskId } from '../../../contracts/ids.ts';
import { createPerson, type PlayedPart } from '../../../drill/person.ts';
import { grantedDelivery } from '../../helpers/drill-fixture.ts';
import { createFakeTaskClient } from '../../helpers/fake-task-client.ts';

const digest = `sha256:${'2'.repeat(64)}` as Digest;
const pending = (approvalId: string, subject: PendingApproval['subject']): PendingApproval => ({
  approvalId: approvalId as ApprovalId,
  subject,
  actionId: null,
  digest,
  title: `${approvalId}?`,
  openedAtMs: 1,
  expiresAtMs: 2,
  acceptsSignals: false,
  standingRule: null,
});

function scene(approvals: readonly ApprovalRecord[], more: Partial<PlayedPart> = {}) {
  const client = createFakeTaskClient();
  const reached: Moment[] = [];
  const part: PlayedPart = {
    taskId: 't1' as TaskId,
    approvals,
    steers: [],
    rollbacks: new Map(),
    changes: [],
    ...more,
  };
  const person = createPerson({
    client,
    recording: part,
    reach: async (moment) => void reached.push(moment),
    signal: new AbortController().signal,
  });
  const asked = (approval: PendingApproval) =>
    person.see({ type: 'approval.opened', approval, taskId: 't1', seq: '0.1', atMs: 1 });
  return { client, person, asked, reached };
}

test('a question gets the answer that is recorded, for the digest that is shown now', async () => {
  const rejected = {
    ...grantedDelivery,
    outcome: 'rejected',
    reason: 'not yet',
    by: { name: 'bo', proof: 'signal' },
  } as const;
  const { client, person, asked, reached } = scene([rejected]);
  asked(pending('i2.deliver', 'delivery'));
  expect(await person.settled()).toEqual([]);
  expect(client.calls).toEqual([
    {
      verb: 'decide',
      taskId: 't1',
      answer: {
        approvalId: 'i2.deliver',
        digest,
        outcome: 'rejected',
        reason: 'not yet',
        scope: 'once',
        editedDigest: null,
        by: { name: 'bo', proof: 'os_user' },
      },
    },
  ]);
  expect(person.accepted).toEqual([{ approvalId: 'i2.deliver', digest, outcome: 'rejected' }]);
  expect(reached).toEqual([{ at: 'approval', approvalId: 'i2.deliver' }, { at: 'delivery' }]);
});

test('silence is played as a rejection', async () => {
  const { person, asked } = scene([{ ...grantedDelivery, outcome: 'expired' }]);
  asked(pending('i2.deliver', 'delivery'));
  await person.settled();
  expect(person.accepted).toMatchObject([{ outcome: 'rejected' }]);
});

test('a question that nobody was asked then is granted, so that the task goes on, and told', async () => {
  const { person, asked } = scene([]);
  asked(pending('i1.fault-execute-1', 'fault'));
  await person.settled();
  expect(person.accepted).toMatchObject([{ outcome: 'granted' }]);
  expect(person.unexpected).toEqual(['i1.fault-execute-1: i1.fault-execute-1?']);
});

test('an answer that a server or worker in the middle of its death does not take is sent again', async () => {
  const { client, person, asked } = scene([grantedDelivery]);
  client.failDecide(new LonghaulError('server.unavailable', 'gone'));
  asked(pending('i2.deliver', 'delivery'));
  expect(await person.settled()).toEqual([]);
  expect(client.calls.filter(({ verb }) => verb === 'decide').length).toBeGreaterThanOrEqual(1);
  expect(person.accepted).toHaveLength(1);
});

test('an answer that is refused for good is told and not taken for accepted', async () => {
  const { client, person, asked } = scene([grantedDelivery]);
  client.failDecide(new LonghaulError('approval.refused', 'the requester may not approve'));
  asked(pending('i2.deliver', 'delivery'));
  expect(await person.settled()).toEqual(['i2.deliver was not taken: the requester may not approve']);
  expect(person.accepted).toEqual([]);
});

test('what people said before an iteration is said while the one before is on its way, once, and a rollback after it as well', async () => {
  const { client, person } = scene([], {
    steers: [[{ text: 'first', by: 'ann' }], [{ text: 'second', by: 'bo' }], []],
    rollbacks: new Map([[2, 1]]),
  });
  await person.beforeAnswer(0);
  await person.beforeAnswer(1);
  await person.beforeAnswer(1);
  await person.beforeAnswer(2);
  expect(client.calls).toEqual([
    { verb: 'steer', taskId: 't1', text: 'first', by: 'ann' },
    { verb: 'steer', taskId: 't1', text: 'second', by: 'bo' },
    { verb: 'rollback', taskId: 't1', to: 1, by: 'drill' },
  ]);
});

test('another model or budget is asked for while the iteration before is on its way', async () => {
  const change = { budget: { maxIterations: 9 }, model: 'm2', constraints: null, by: 'ann' };
  const { client, person } = scene([], { changes: [{ after: 1, change }] });
  const budget = { maxUsd: null, maxIterations: 5 };
  client.add({ entry: { taskId: 't1' }, state: { budget, pending: [] } } as never);
  await person.beforeAnswer(1);
  await person.beforeAnswer(2);
  expect(client.calls).toMatchObject([
    {
      verb: 'change',
      taskId: 't1',
      change: { budget: { maxIterations: 9 }, model: 'm2', by: { name: 'ann' } },
    },
  ]);
});

test('a rollback that took a question back waits for that question, which then gets no answer', async () => {
  const withdrawn = { ...grantedDelivery, outcome: 'withdrawn' } as const;
  const { client, person, asked } = scene([withdrawn], { rollbacks: new Map([[2, 1]]) });
  await person.beforeAnswer(2);
  expect(client.calls).toEqual([]);
  asked(pending('i2.deliver', 'delivery'));
  await person.settled();
  expect(client.calls).toMatchObject([{ verb: 'rollback', to: 1 }]);
  expect(person.accepted).toEqual([{ approvalId: 'i2.deliver', digest, outcome: 'withdrawn' }]);
});

test('a rollback that took one of two questions back comes after the answer to the other, in whichever order they are asked', async () => {
  const id = (text: string) => text as ApprovalId;
  const granted = { ...grantedDelivery, approvalId: id('i2.a2'), decidedAtMs: 5 };
  const withdrawn = {
    ...grantedDelivery,
    approvalId: id('i2.a1'),
    outcome: 'withdrawn',
    decidedAtMs: 9,
  } as const;
  const { client, person, asked } = scene([withdrawn, granted], { rollbacks: new Map([[2, 1]]) });
  asked(pending('i2.a1', 'action'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(client.calls).toEqual([]);
  asked(pending('i2.a2', 'action'));
  await person.settled();
  expect(client.calls.map(({ verb }) => verb)).toEqual(['decide', 'rollback']);
});
