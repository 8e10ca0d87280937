import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Answer, AnswerSchema, type PendingApproval } from '../../../contracts/approval.ts';
import type { ApprovalId, Digest } from '../../../contracts/ids.ts';
import { answerProblem } from '../../../workflows/answer.ts';
import { shown } from '../../../workflows/message-problem.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}` as Digest;

const action: PendingApproval = {
  approvalId: 'i1.a0' as ApprovalId,
  subject: 'action',
  actionId: null,
  digest: digest('a'),
  title: 'npm install left-pad',
  openedAtMs: 1,
  expiresAtMs: 2,
  acceptsSignals: true,
  standingRule: { kind: 'shell', prefix: ['npm', 'install'] },
};
const question: PendingApproval = {
  ...action,
  approvalId: 'i1.a1' as ApprovalId,
  subject: 'question',
  standingRule: null,
};
const strict: PendingApproval = {
  ...action,
  approvalId: 'i1.a2' as ApprovalId,
  acceptsSignals: false,
};
const pending = [action, question, strict];
const granted = { approvalId: 'i1.a0', digest: digest('a'), outcome: 'granted' };
const ann = { name: 'ann', proof: 'os_user' };
const edited = { ...granted, outcome: 'edited', editedDigest: digest('b') };

/** As it comes from outside: of any form. */
const judge = (answer: unknown, via: 'update' | 'signal' = 'update') =>
  answerProblem({ pending, settled: [] }, answer as Answer, via);

describe('an answer counts', () => {
  test.each([
    ['with nothing but what it needs', granted, 'update'],
    ['as a plain signal where those are taken', granted, 'signal'],
    ['with everything', { ...granted, reason: 'yes', scope: 'task', editedDigest: null, by: ann }, 'update'],
    ['as a rejection', { ...granted, outcome: 'rejected', reason: 'no' }, 'update'],
    ['as an edit', edited, 'update'],
    ['in words to a question', { ...granted, approvalId: 'i1.a1', reason: 'up' }, 'update'],
    ['as a refusal to answer', { ...granted, approvalId: 'i1.a1', outcome: 'rejected' }, 'update'],
    ['of a known person under a strict policy', { ...granted, approvalId: 'i1.a2', by: ann }, 'update'],
    ['with a reason of full length', { ...granted, reason: 'x'.repeat(4000) }, 'update'],
  ] as const)('%s', (_, answer, via) => {
    expect(judge(answer, via)).toBeUndefined();
  });
});

describe('an answer is refused', () => {
  const refused = 'approval.refused';
  test.each([
    ['that is nothing', null, 'update', refused],
    ['that is a word', 'granted', 'update', refused],
    ['to what nobody asked', { ...granted, approvalId: 'i7.a0' }, 'update', 'approval.not_found'],
    ['to nothing', { outcome: 'granted' }, 'update', 'approval.not_found'],
    ['to something else than was shown', { ...granted, digest: digest('f') }, 'update', 'approval.changed'],
    ['without the digest', { ...granted, digest: undefined }, 'update', 'approval.changed'],
    ['with an unknown outcome', { ...granted, outcome: 'maybe' }, 'update', refused],
    ['that expires something', { ...granted, outcome: 'expired' }, 'update', refused],
    ['with an unknown scope', { ...granted, scope: 'forever' }, 'update', refused],
    ['with an endless reason', { ...granted, reason: 'x'.repeat(4001) }, 'update', refused],
    ['with a reason that is no text', { ...granted, reason: { a: 1 } }, 'update', refused],
    ['that edits into nothing', { ...edited, editedDigest: null }, 'update', refused],
    ['that edits into no digest', { ...edited, editedDigest: 'sha256:1' }, 'update', refused],
    ['that edits a question', { ...edited, approvalId: 'i1.a1', reason: 'x' }, 'update', refused],
    [
      'for the whole task where nothing can stand',
      { ...granted, approvalId: 'i1.a1', scope: 'task', reason: 'x' },
      'update',
      refused,
    ],
    [
      'for the whole task when it rejects',
      { ...granted, outcome: 'rejected', scope: 'task' },
      'update',
      refused,
    ],
    ['without words to a question', { ...granted, approvalId: 'i1.a1', reason: ' ' }, 'update', refused],
    ['by a signal under a strict policy', { ...granted, approvalId: 'i1.a2', by: ann }, 'signal', refused],
    ['by nobody under a strict policy', { ...granted, approvalId: 'i1.a2' }, 'update', refused],
    [
      'by a proof that proves nobody under a strict policy',
      { ...granted, approvalId: 'i1.a2', by: { name: 'ann', proof: 'signal' } },
      'update',
      refused,
    ],
    ['that claims to be the timer', { ...granted, by: { name: 'timer', proof: 'timer' } }, 'update', refused],
    ['that claims to be the policy', { ...granted, by: { name: 'x', proof: 'policy' } }, 'update', refused],
    ['of no name', { ...granted, by: { name: '', proof: 'os_user' } }, 'update', refused],
    [
      'of an endless name',
      { ...granted, by: { name: 'x'.repeat(201), proof: 'os_user' } },
      'update',
      refused,
    ],
    ['by null', { ...granted, by: null }, 'update', refused],
  ] as const)('%s', (_, answer, via, code) => {
    const problem = judge(answer, via);
    expect(problem?.code).toBe(code);
    expect(problem?.message.length).toBeLessThan(400);
  });
});

const mostly = <T>(good: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: good, weight: 9 }, { arbitrary: fc.jsonValue(), weight: 1 });
const nearlyAnswer = fc.record(
  {
    approvalId: mostly(fc.constantFrom('i1.a0', 'i1.a1', 'i1.a2')),
    digest: mostly(fc.constant(digest('a'))),
    outcome: mostly(fc.constantFrom('granted', 'rejected', 'edited')),
    reason: mostly(fc.string()),
    scope: mostly(fc.constantFrom('once', 'task')),
    editedDigest: mostly(fc.constantFrom(null, digest('b'))),
    by: mostly(
      fc.record({ name: fc.string({ maxLength: 9 }), proof: fc.constantFrom('os_user', 'signal', 'timer') }),
    ),
    more: fc.jsonValue(),
  },
  { requiredKeys: ['approvalId', 'digest', 'outcome'] },
);
const anything = fc.oneof({ arbitrary: nearlyAnswer, weight: 4 }, { arbitrary: fc.anything(), weight: 1 });
const via = fc.constantFrom('update' as const, 'signal' as const);

test('nothing that anybody sends makes the judgement throw', () => {
  fc.assert(
    fc.property(anything, via, (answer, how) => {
      const problem = judge(answer, how);
      expect(problem === undefined || problem.message.length > 0).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test('what counts has the form that the record and the story take', () => {
  const schema = z.object(AnswerSchema.shape);
  let counted = 0;
  fc.assert(
    fc.property(anything, via, (answer, how) => {
      if (judge(answer, how) !== undefined) return;
      counted++;
      expect(schema.safeParse(answer).success).toBe(true);
    }),
    { numRuns: 3000 },
  );
  expect(counted).toBeGreaterThan(20);
});

test('any value can be shown in a message', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      expect(shown(value).length).toBeLessThanOrEqual(100);
    }),
  );
});
