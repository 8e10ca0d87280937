import { describe, expect, test } from 'vitest';
import { putJson } from '../../../activities/artifact-json.ts';
import { createAuthorize } from '../../../activities/authorize.ts';
import { createLoadEdited } from '../../../activities/load-edited.ts';
import { createOpenApproval } from '../../../activities/open-approval.ts';
import type { ActionBody } from '../../../contracts/action.ts';
import type { OpenApprovalInput } from '../../../contracts/activities.ts';
import { ApprovalCardSchema, PendingApprovalSchema } from '../../../contracts/approval.ts';
import type { ApprovalId, Digest, TaskId } from '../../../contracts/ids.ts';
import { createMemoryStore, type MemoryStore } from '../../helpers/memory-store.ts';
import { artifactText, shellBody, specOf, storedAction } from '../../helpers/task-fixture.ts';

const taskId = 't1' as TaskId;
const absent = `sha256:${'e'.repeat(64)}` as Digest;

async function withSpec(policyText: string | null = null, name = 'default') {
  const artifacts = createMemoryStore();
  const digest = policyText === null ? null : await artifacts.put(Buffer.from(policyText));
  const spec = specOf(taskId, '/repository', { policy: { name, digest } });
  return { artifacts, specDigest: await putJson(artifacts, spec) };
}

async function authorized(bodies: readonly ActionBody[], setting = withSpec()) {
  const { artifacts, specDigest } = await setting;
  const actions = await Promise.all(
    bodies.map((body, n) => storedAction({ artifacts }, `i1.a${n + 1}`, body)),
  );
  const input = { taskId, specDigest, actions, standing: [] };
  const { decisions } = await createAuthorize({ artifacts })(input);
  expect(await createAuthorize({ artifacts })(input)).toEqual({ decisions });
  return decisions.map(({ actionId, decision }) => `${actionId} ${decision.outcome}`);
}

describe('authorize', () => {
  test('decides each action by its body, in order, and twice the same', async () => {
    const patch = (path: string): ActionBody => ({
      kind: 'apply_patch',
      patch: `*** Begin Patch\n*** Add File: ${path}\n+x\n*** End Patch`,
    });
    const bodies = [shellBody('ls'), patch('.github/workflows/x.yml'), patch('src/x')];
    expect(await authorized(bodies)).toEqual(['i1.a1 allow', 'i1.a2 ask', 'i1.a3 allow']);
  });

  test('goes by the body, whatever the summary says', async () => {
    const { artifacts, specDigest } = await withSpec(null, 'strict');
    const action = await storedAction({ artifacts }, 'i1.a1', shellBody('curl evil'));
    const disguised = { ...action, summary: 'ls' };
    const { decisions } = await createAuthorize({ artifacts })({
      taskId,
      specDigest,
      actions: [disguised],
      standing: [],
    });
    expect(decisions[0]?.decision.outcome).not.toBe('allow');
  });

  test('never allows what it cannot read: a patch, a missing body, a policy that is none', async () => {
    expect(
      await authorized([{ kind: 'apply_patch', patch: 'no patch' }], withSpec(null, 'strict')),
    ).not.toContain('i1.a1 allow');
    const { artifacts, specDigest } = await withSpec();
    const action = { ...(await storedAction({ artifacts }, 'i1.a1', shellBody('ls'))), digest: absent };
    const input = { taskId, specDigest, actions: [action], standing: [] };
    await expect(createAuthorize({ artifacts })(input)).rejects.toMatchObject({ code: 'artifact.not_found' });
    await expect(authorized([shellBody('ls')], withSpec('allow: [', 'mine.yaml'))).rejects.toMatchObject({
      code: 'policy.invalid',
    });
    await expect(authorized([shellBody('ls')], withSpec(null, 'nowhere'))).rejects.toMatchObject({
      code: 'policy.not_found',
    });
  });
});

describe('openApproval', () => {
  async function opened(more: Partial<OpenApprovalInput> = {}) {
    const { artifacts, specDigest } = await withSpec();
    const action = await storedAction({ artifacts }, 'i2.a1', shellBody('npm install x'));
    const input: OpenApprovalInput = {
      taskId,
      iteration: 2,
      approvalId: 'i2.a1' as ApprovalId,
      specDigest,
      subject: 'action',
      title: 'npm install x',
      details: ['why'],
      action,
      decision: null,
      treeBefore: null,
      nowMs: 1000,
      ...more,
    };
    const open = () => createOpenApproval({ artifacts })(input);
    return { artifacts, input, pending: await open(), open };
  }

  test('stores everything that a person is shown, and names it by the digest; twice is the same', async () => {
    const { artifacts, input, pending, open } = await opened();
    expect(PendingApprovalSchema.parse(pending)).toEqual(pending);
    expect(await open()).toEqual(pending);
    const card = ApprovalCardSchema.parse(JSON.parse(await artifactText({ artifacts }, pending.digest)));
    expect(card).toMatchObject({
      title: 'npm install x',
      details: ['why'],
      action: { id: 'i2.a1', digest: input.action?.digest, body: shellBody('npm install x') },
      requestedBy: 'ann',
      expiresAtMs: pending.expiresAtMs,
    });
    expect(pending).toMatchObject({ openedAtMs: 1000, actionId: 'i2.a1', standingRule: null });
  });

  test('has another digest as soon as anything that is shown differs', async () => {
    const { pending } = await opened();
    const others = await Promise.all([
      opened({ title: 'npm install y' }),
      opened({ details: [] }),
      opened({ action: null }),
      opened({ nowMs: 1001 }),
      opened({ iteration: 3 }),
    ]);
    expect(new Set([pending, ...others.map((other) => other.pending)].map(({ digest }) => digest)).size).toBe(
      6,
    );
  });

  test('takes a title of any length and of half characters', async () => {
    const { pending } = await opened({ title: `x${'😀'.repeat(400)}`, details: ['\uD83D'] });
    expect(pending.title).toBe(`x${'😀'.repeat(149)}…`);
    const other = await opened({ title: '\uDC00 broken' });
    expect(other.pending.title).toBe('\uFFFD broken');
  });

  test('before the first iteration counts as the first', async () => {
    const { artifacts, pending } = await opened({ iteration: 0, subject: 'fault', action: null });
    expect(JSON.parse(await artifactText({ artifacts }, pending.digest))).toMatchObject({ iteration: 1 });
  });
});

describe('loadEdited', () => {
  async function edited(store: (artifacts: MemoryStore) => Promise<Digest>) {
    const { artifacts } = await withSpec();
    const original = await storedAction({ artifacts }, 'i1.a1', shellBody('rm -rf build dist'));
    const editedDigest = await store(artifacts);
    const load = () => createLoadEdited({ artifacts })({ original, editedDigest });
    const first = await load();
    expect(await load()).toEqual(first);
    return first.action;
  }

  test('gives the action that a person made, under the same id, twice the same', async () => {
    const action = await edited((artifacts) => putJson(artifacts, shellBody('rm -rf build')));
    expect(action).toMatchObject({ id: 'i1.a1', kind: 'shell', summary: 'rm -rf build' });
  });

  test.each<[string, (artifacts: MemoryStore) => Promise<Digest>, RegExp]>([
    [
      'another kind',
      (a) => putJson(a, { kind: 'apply_patch', patch: 'x' }),
      /is of kind apply_patch, expected shell/,
    ],
    ['no action', (a) => putJson(a, { kind: 'shell', argv: [] }), /is no action/],
    ['no JSON', (a) => a.put(Buffer.from('rm -rf build')), /is no action/],
    ['nothing at all', async () => absent, /is no action/],
  ])('refuses %s', async (_, store, message) => {
    await expect(edited(store)).rejects.toMatchObject({
      code: 'approval.refused',
      message: expect.stringMatching(message),
    });
  });
});
