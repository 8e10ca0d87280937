import { afterAll, beforeAll, expect, test } from 'vitest';
import type { IterationRecord } from '../../contracts/record.ts';
import { checkpointRef } from '../../forge/layout.ts';
import type { Evidence } from '../helpers/e2e-evidence.ts';
import { deliveredBranch } from '../helpers/e2e-repositories.ts';
import { brokenSum, conversation, mendAndDone, sumCheck } from '../helpers/e2e-scenario.ts';
import { openWorld, secrets, type World } from '../helpers/e2e-world.ts';
import { brokenInvariants, expectInvariants, invariants } from '../helpers/invariants.ts';

const ciFile = (line: string) =>
  `*** Begin Patch\n*** Add File: .github/workflows/test.yml\n+${line}\n*** End Patch`;

const scenario = {
  conversations: [
    conversation('asks', [
      {
        reply: [
          { exec_command: 'ls' },
          { apply_patch: ciFile('on: [push]') },
          { apply_patch: ciFile('on: [never]') },
        ],
      },
      {
        expect: { outputs: 3, contains: ['not that one'] },
        reply: [{ exec_command: 'cat .github/workflows/test.yml' }],
      },
      { expect: { contains: ['on: [edited]'] }, reply: [...(mendAndDone[0]?.reply ?? [])] },
      ...mendAndDone.slice(1),
    ]),
  ],
};

let world: World;
let evidence: Evidence;

beforeAll(async () => {
  world = await openWorld({ scenario });
  const repository = world.repository('sum', brokenSum);
  const story = await world.start({
    instruction: 'Mend the sum (asks).',
    repository,
    checks: [sumCheck],
    policy: { name: 'default', digest: null },
  });
  const edited = await story.until('approval.opened', ({ approval }) => approval.actionId === 'i1.a2');
  const refused = await story.until('approval.opened', ({ approval }) => approval.actionId === 'i1.a3');
  const editedDigest = await world.client.putAction({ kind: 'apply_patch', patch: ciFile('on: [edited]') });
  await story.answer(edited.approval, { outcome: 'edited', editedDigest });
  await story.answer(refused.approval, { outcome: 'rejected', reason: 'not that one' });
  const delivery = await story.until('approval.opened', ({ approval }) => approval.subject === 'delivery');
  await story.answer(delivery.approval);
  const end = await story.end();
  evidence = await expectInvariants(world, story.taskId);
  expect(deliveredBranch(repository, end.branch ?? '').read('.github/workflows/test.yml')).toBe(
    'on: [edited]',
  );
});
afterAll(() => world.close());

/** The evidence with one record changed. */
function withRecord(iteration: number, change: (record: IterationRecord) => IterationRecord): Evidence {
  const ledger = evidence.ledger.map((entry) =>
    entry.record.iteration === iteration
      ? { ...entry, record: change(structuredClone(entry.record)) }
      : entry,
  );
  return { ...evidence, ledger };
}

type RecordedAction = IterationRecord['actions'][number];

const withAction = (iteration: number, index: number, change: Partial<RecordedAction>): Evidence =>
  withRecord(iteration, (record) => ({
    ...record,
    actions: record.actions.map((action, at) => (at === index ? { ...action, ...change } : action)),
  }));

const otherDigest = (digest: string) =>
  `sha256:${'0'.repeat(64)}`.slice(0, digest.length) as RecordedAction['digest'];

test('an edited, a refused and a granted action leave evidence in which every invariant holds', () => {
  expect(brokenInvariants(evidence)).toEqual([]);
  expect(evidence.ledger[0]?.record.actions.map((action) => action.observation.status)).toEqual([
    'ok',
    'ok',
    'denied',
  ]);
  expect(evidence.ledger[0]?.record.approvals.map((approval) => approval.outcome)).toEqual([
    'edited',
    'rejected',
  ]);
});

test('an action without its observation, and one that is recorded twice, are seen', () => {
  const missing = withRecord(1, (record) => ({ ...record, actions: record.actions.slice(1) }));
  expect(invariants.oneObservationAnAction(missing)).toEqual(['i1.a1 was planned and has no observation']);
  const twice = withRecord(1, (record) => ({
    ...record,
    actions: [...record.actions, ...record.actions.slice(0, 1)],
  }));
  expect(invariants.oneObservationAnAction(twice)).toEqual(['i1.a1 is recorded twice']);
});

test('an action that ran unasked, refused, denied or as another one is seen', () => {
  const first = evidence.ledger[0]?.record.actions;
  const [allowed, edited, refused] = first ?? [];
  if (allowed === undefined || edited === undefined || refused === undefined)
    throw new Error('three actions are expected');
  const ran = { ...refused.observation, status: 'ok' as const };
  expect(invariants.nothingRanUnasked(withAction(1, 2, { observation: ran }))).toEqual([
    'i1.a3 ran although i1.a3 was rejected',
  ]);
  expect(invariants.nothingRanUnasked(withAction(1, 1, { digest: otherDigest(edited.digest) }))).toEqual([
    'i1.a2 ran as another action than the edited one',
  ]);
  const denied = { ...allowed.decision, outcome: 'deny' as const };
  expect(invariants.nothingRanUnasked(withAction(1, 0, { decision: denied }))).toEqual([
    'i1.a1 ran against a denial',
  ]);
  const asked = { ...allowed.decision, outcome: 'ask' as const };
  expect(invariants.nothingRanUnasked(withAction(1, 0, { decision: asked }))).toEqual([
    'i1.a1 ran without an approval',
  ]);
  const last = evidence.ledger.length;
  const delivery = withAction(last, 0, { digest: otherDigest(edited.digest) });
  expect(invariants.nothingRanUnasked(delivery).join()).toContain(`i${last}.deliver ran as sha256:0000`);
});

test('an answer to something that was not shown, and one of nobody, are seen', () => {
  const changed = withRecord(1, (record) => ({
    ...record,
    approvals: record.approvals.map((approval, index) =>
      index === 0
        ? { ...approval, digest: otherDigest(approval.digest) }
        : { ...approval, by: { name: 'timer', proof: 'timer' } },
    ),
  }));
  expect(invariants.approvalsAreBound(changed)).toEqual([
    'i1.a2 answers what was not shown',
    'i1.a3 is rejected by timer',
  ]);
});

test('more usage than was granted is seen', () => {
  const spec = { ...evidence.spec, budget: { maxUsd: null, maxIterations: 2 } };
  expect(invariants.usageWithinBudget({ ...evidence, spec })).toEqual(['more iterations than granted']);
});

test('a secret in any text is seen', () => {
  const texts = new Map([...evidence.texts, ['a log', Buffer.from(`Authorization: Bearer ${secrets[0]}`)]]);
  expect(invariants.noSecretAnywhere({ ...evidence, texts })).toEqual([
    `a log holds the secret ${secrets[0]}`,
  ]);
  expect([...evidence.texts.keys()].some((where) => where.endsWith('worker.log'))).toBe(true);
  expect([...evidence.texts.keys()].some((where) => where.endsWith('temporal.db'))).toBe(true);
});

test('a transcript that was changed and one that lost the instruction are seen', () => {
  const transcripts = evidence.transcripts.map((transcript, index) =>
    index === 2 ? { ...transcript, chain: transcript.chain.slice(1) } : transcript,
  );
  expect(invariants.transcriptGrowsOnly({ ...evidence, transcripts }).join()).toContain(
    'transcript 3 has lost the instruction',
  );
  const swapped = evidence.transcripts.map((transcript, index) =>
    index === 2
      ? { ...transcript, chain: [...(evidence.transcripts[0]?.chain ?? []), ...transcript.chain.slice(-1)] }
      : transcript,
  );
  expect(invariants.transcriptGrowsOnly({ ...evidence, transcripts: swapped }).join()).toContain(
    'transcript 3 does not extend the one before',
  );
});

test('a process, lease or group that is left is seen', () => {
  expect(invariants.nothingIsLeft({ ...evidence, leftovers: ['lease e2e-1.1'] })).toEqual(['lease e2e-1.1']);
  expect(invariants.nothingIsLeft({ ...evidence, events: [] })).toEqual(['the task has not ended']);
});

test('a record that was changed, left out or put elsewhere is seen', () => {
  const changed = withRecord(2, (record) => ({ ...record, workerVersion: '0.0.0' }));
  expect(invariants.ledgerRecomputes(changed)).toEqual(['record 2 has another digest']);
  const cut = { ...evidence, ledger: evidence.ledger.slice(1) };
  expect(invariants.ledgerRecomputes(cut).join()).toContain('breaks the chain');
  const moved = withRecord(3, (record) => ({
    ...record,
    checkpoint: {
      ...record.checkpoint,
      before: evidence.ledger[0]?.record.checkpoint.before ?? record.checkpoint.after,
    },
  }));
  expect(invariants.treesJoin(moved)).toEqual(['iteration 3 began on another tree']);
});

test('a checkpoint that was written over, and one that nothing holds, are seen', () => {
  const { commit } = evidence.ledger[2]?.record.checkpoint ?? {};
  const [first] = evidence.ledger;
  const ref = checkpointRef(1);
  const over = new Map([...evidence.refs, [ref, commit ?? '']]);
  const problem = `the checkpoint of 1 is recorded as ${first?.record.checkpoint.commit}, and`;
  expect(invariants.checkpointsAreHeld({ ...evidence, refs: over })).toEqual([
    `${problem} ${commit} is held`,
  ]);
  const without = new Map([...evidence.refs].filter(([name]) => name !== ref));
  expect(invariants.checkpointsAreHeld({ ...evidence, refs: without })).toEqual([
    `${problem} undefined is held`,
  ]);
});
