import { expect, test } from 'vitest';
import { messageName, searchAttribute } from '../../contracts/words/messages.ts';
import { askHuman, patch, shell } from '../helpers/fake-facts.ts';
import { useStage } from './stage.ts';

const stage = useStage();
const strict = { policy: { name: 'strict', digest: null } };
/** Asks for a package from the network, which the policy asks about. */
const install = shell('npm install left-pad');
const asks = [{ actions: [install] }, {}];

test.concurrent('an action that the policy asks about runs only after an answer by update', async () => {
  const task = await stage().play(asks);
  const [approval] = await task.pending();
  expect(approval).toMatchObject({ approvalId: 'i1.a0', subject: 'action', acceptsSignals: true });
  expect(await task.state()).toMatchObject({ status: 'waiting' });
  expect(task.stages.calls).not.toContain('execute');
  await task.answer(approval, {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect((await task.records())[0]).toMatchObject({
    actions: [{ approvalId: 'i1.a0', decision: { outcome: 'ask' }, observation: { status: 'ok' } }],
    approvals: [{ approvalId: 'i1.a0', outcome: 'granted', by: { name: 'ann', proof: 'os_user' } }],
  });
});

test.concurrent('a plain signal without a name counts where the policy takes signals, and proves nobody', async () => {
  const task = await stage().play(asks);
  const [{ approvalId, digest }] = await task.pending();
  await task.handle.signal(messageName.decision, { approvalId, digest, outcome: 'granted' });
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect((await task.records())[0]?.approvals).toMatchObject([
    { outcome: 'granted', by: { name: 'unknown', proof: 'signal' } },
  ]);
});

test.concurrent('a plain signal where the policy takes none is refused, and the status says so', async () => {
  const task = await stage().play(asks, strict);
  const [approval] = await task.pending();
  const { approvalId, digest } = approval;
  await task.handle.signal(messageName.decision, { approvalId, digest, outcome: 'granted' });
  const { pending, refusals } = await task.stateWhen((state) => state.refusals.length > 0);
  expect(pending).toHaveLength(1);
  expect(refusals).toMatchObject([{ approvalId, reason: expect.stringContaining('takes no plain signal') }]);
  await task.answer(approval, { outcome: 'rejected', reason: 'no' });
  const [delivery] = await task.pending();
  await task.answer(delivery, {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
});

test.concurrent('an answer that is malformed is refused with its code and leaves nothing in history', async () => {
  const task = await stage().play(asks);
  const [approval] = await task.pending();
  const events = async () => (await task.handle.fetchHistory()).events ?? [];
  const before = await events();
  const wrong: readonly object[] = [
    { outcome: 'expired' },
    { scope: 'forever' },
    { by: { name: 'timer', proof: 'timer' } },
    { outcome: 'edited', editedDigest: 'sha256:x' },
  ];
  for (const said of wrong)
    await expect(task.answer(approval, said)).rejects.toMatchObject({ code: 'approval.refused' });
  expect(await events()).toEqual(before);
  await task.answer(approval, {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
});

test.concurrent('an answer that does not fit is refused with its code, and the record and the story have it', async () => {
  const task = await stage().play([{ actions: [askHuman('Which way?')] }, {}]);
  const [approval] = await task.pending();
  const refuse = async (said: object, code: string) =>
    expect(task.answer(approval, { outcome: 'rejected', ...said })).rejects.toMatchObject({ code });
  await refuse({ digest: `sha256:${'0'.repeat(64)}` }, 'approval.changed');
  await refuse({ approvalId: 'i9.a9' }, 'approval.not_found');
  await refuse({ outcome: 'edited' }, 'approval.refused');
  await refuse({ outcome: 'granted', scope: 'task', reason: 'up' }, 'approval.refused');
  await refuse({ outcome: 'granted', reason: ' ' }, 'approval.refused');
  expect(await task.state()).toMatchObject({ pending: [{ approvalId: approval.approvalId }] });
  await task.answer(approval, { reason: 'half up' });
  await task.outcome();
  const [first] = await task.records();
  expect(first?.actions).toMatchObject([{ observation: { status: 'ok', note: 'half up' } }]);
  expect(first?.interventions?.map(({ refused }) => refused !== null)).toEqual([
    ...[true, true, true, true, true, false],
  ]);
  expect(first?.interventions?.[0]).toMatchObject({
    kind: 'decide',
    by: { name: 'ann', proof: 'os_user' },
    about: 'rejected i1.a0',
    refused: expect.stringContaining('look at it again'),
  });
  const answers = (await task.events()).filter((event) => event.type === 'approval.answered');
  expect(answers.map(({ accepted }) => accepted)).toEqual([false, false, false, false, false, true]);
});

test.concurrent('the same answer sent twice is one answer', async () => {
  const task = await stage().play(asks);
  const [approval] = await task.pending();
  await Promise.all([task.answer(approval, {}), task.answer(approval, {})]);
  await task.outcome();
  expect((await task.events()).filter((event) => event.type === 'approval.answered')).toHaveLength(1);
});

test.concurrent('an edited action runs with the digest of the edit, once more judged by policy', async () => {
  const task = await stage().play(asks);
  const [approval] = await task.pending();
  const editedDigest = await stage().client.putAction(shell('npm install left-pad@1.3.0'));
  await task.answer(approval, { outcome: 'edited', editedDigest });
  await task.outcome();
  expect(task.stages.inputs('execute')[0]?.actions).toMatchObject([{ id: 'i1.a0', digest: editedDigest }]);
  expect((await task.records())[0]).toMatchObject({
    actions: [{ digest: editedDigest, approvalId: 'i1.a0', observation: { status: 'ok' } }],
    approvals: [{ outcome: 'edited', editedDigest }],
  });
});

test.concurrent('an edit cannot pass a denial', async () => {
  const task = await stage().play([{ actions: [patch('.github/workflows/test.yml', 'on: push')] }, {}]);
  const [approval] = await task.pending();
  const editedDigest = await stage().client.putAction(patch('.git/hooks/post-commit', 'id'));
  await task.answer(approval, { outcome: 'edited', editedDigest });
  await task.outcome();
  expect(task.stages.calls).not.toContain('execute');
  expect((await task.records())[0]?.actions).toMatchObject([
    {
      decision: { outcome: 'deny', ruleId: expect.stringContaining('builtin/') },
      observation: { status: 'denied', note: expect.stringContaining('the edited action was denied') },
    },
  ]);
});

test.concurrent('an edit that is no action of the same kind runs nothing, and the model reads why', async () => {
  const task = await stage().play(asks);
  const [approval] = await task.pending();
  const editedDigest = await stage().client.putAction(askHuman('Really?'));
  await task.answer(approval, { outcome: 'edited', editedDigest });
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect(task.stages.calls).not.toContain('execute');
  expect((await task.records())[0]?.actions).toMatchObject([
    { observation: { status: 'denied', note: expect.stringContaining('approval.refused') } },
  ]);
});

test.concurrent('an edit whose artifact nobody stored runs nothing', async () => {
  const task = await stage().play(asks);
  const [approval] = await task.pending();
  await task.answer(approval, { outcome: 'edited', editedDigest: approval.digest });
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect(task.stages.calls).not.toContain('execute');
});

test.concurrent('a rule that a person lets stand for the task asks no second time', async () => {
  const task = await stage().play([{ actions: [install] }, { actions: [shell('ls'), install] }, {}]);
  const [approval] = await task.pending();
  expect(approval.standingRule).toMatchObject({ kind: 'shell' });
  await task.answer(approval, { scope: 'task' });
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  const [, second] = await task.records();
  expect(second).toMatchObject({
    approvals: [],
    actions: [{}, { decision: { outcome: 'allow', ruleId: expect.stringContaining('standing') } }],
  });
});

test.concurrent('silence is a refusal that the model reads', async () => {
  const task = await stage().play(asks, { approvalTimeoutMs: 700 });
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
  expect(task.stages.calls).not.toContain('execute');
  const [first] = await task.records();
  expect(first).toMatchObject({
    approvals: [{ outcome: 'expired', by: { proof: 'timer' } }],
    actions: [{ observation: { status: 'denied', note: expect.stringContaining('nobody answered') } }],
  });
  // Not only when the grace of the sandbox, 15 s, is over.
  expect(first?.timing.waitedForPeopleMs).toBeLessThan(14_000);
});

test.concurrent('several questions are asked at once, and the allowed and granted actions run together', async () => {
  const actions = [install, shell('ls'), askHuman('Which way?')];
  const task = await stage().play([{ actions }, {}]);
  const [one, two] = await task.pending(2);
  expect([one.approvalId, two?.approvalId]).toEqual(['i1.a0', 'i1.a2']);
  if (two) await task.answer(two, { reason: 'half up' });
  expect(await task.state()).toMatchObject({ status: 'waiting', pending: [{ approvalId: 'i1.a0' }] });
  await task.answer(one, { outcome: 'rejected', reason: 'use what is there' });
  await task.outcome();
  const [first] = await task.records();
  expect(first?.actions.map(({ observation: { status, note } }) => [status, note])).toEqual([
    ['denied', 'rejected by ann: use what is there'],
    ['ok', ''],
    ['ok', 'half up'],
  ]);
});

test.concurrent('a reason of the full length fits into the record', async () => {
  const task = await stage().play(asks);
  const [approval] = await task.pending();
  await task.answer(approval, { outcome: 'rejected', reason: 'x'.repeat(4000) });
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
});

test.concurrent('a signal with values of the wrong kind is refused and does no harm', async () => {
  const task = await stage().play(asks);
  const [approval] = await task.pending();
  const { approvalId, digest } = approval;
  const granted = { approvalId, digest, outcome: 'granted' };
  const wrong: readonly unknown[] = [
    ...[null, 'yes', 7, [], {}],
    ...[
      { ...granted, by: { name: 7 } },
      { ...granted, by: { name: 'x'.repeat(10_000) } },
    ],
    ...[
      { ...granted, scope: 'forever' },
      { ...granted, reason: { toString: 1 } },
    ],
    { ...granted, outcome: 'edited', editedDigest: 'sha256:x' },
    { ...granted, approvalId: { toString: null } },
  ];
  for (const payload of wrong) await task.handle.signal(messageName.decision, payload);
  const { refusals } = await task.stateWhen((state) => state.refusals.at(-1)?.approvalId === '');
  expect(refusals).toHaveLength(5);
  expect(await task.state()).toMatchObject({ pending: [{ approvalId }] });
  await task.answer(approval, {});
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
});

test.concurrent('while a person is waited for no sandbox is held, and the next stage takes a new one', async () => {
  const task = await stage().play([{ actions: [shell('ls')] }, { actions: [install] }, {}]);
  const [approval] = await task.pending();
  const before = await task.handle.describe();
  expect(before.searchAttributes[searchAttribute.approval]).toEqual(['i2.a0']);
  expect(task.stages.calls).not.toContain('releaseSandboxes');
  await task.stateWhen((state) => state.workspace?.leaseNumber === 2);
  expect(task.stages.calls.at(-1)).toBe('releaseSandboxes');
  expect((await task.handle.describe()).raw.pendingActivities ?? []).toEqual([]);
  await task.answer(approval, {});
  await task.outcome();
  const [first, second] = task.stages.inputs('execute').map((input) => input.workspace.leaseNumber);
  expect([first, second]).toEqual([1, 2]);
  expect((await task.records())[1]?.timing.waitedForPeopleMs).toBeGreaterThanOrEqual(15_000);
});
