import fc from 'fast-check';
import { expect, test } from 'vitest';
import { summaryOf } from '../../../activities/action-summary.ts';
import { ActionSchema } from '../../../contracts/action.ts';
import { shellBody } from '../../helpers/task-fixture.ts';

const summaryFits = (summary: string) => ActionSchema.shape.summary.safeParse(summary).success;

test.each([
  ['a command by its line', shellBody('npm test -- a'), 'npm test -- a'],
  ['one without a shell by its words', shellBody('', { argv: ['ls', '-l'], line: null }), 'ls -l'],
  ['several lines as one', shellBody('a\n\tb\r\n  c '), 'a b c'],
  [
    'a patch by its files',
    { kind: 'apply_patch', patch: '*** Add File: a\n+x\n*** Delete File: b c' },
    'add a, delete b c',
  ],
  ['a patch without files', { kind: 'apply_patch', patch: 'x' }, 'apply a patch'],
  ['a plan by its size', { kind: 'update_plan', steps: [], explanation: null }, 'update the plan (0 steps)'],
  ['a question', { kind: 'ask_human', question: 'Which?' }, 'Which?'],
  ['what was not understood', { kind: 'invalid', reason: 'no JSON' }, 'no JSON'],
] as const)('a summary says %s', (_, body, summary) => {
  expect(summaryOf(structuredClone(body) as Parameters<typeof summaryOf>[0])).toBe(summary);
});

test('controls, direction marks, hidden characters and halves of characters do not reach the terminal', () => {
  const hostile = 'a\u001B[2Jb\u0000c\u202Ed\u200Be\uD83Df\u{E0041}g\u009Bh';
  expect(summaryOf(shellBody(hostile))).toBe('a [2Jb c d e f g h');
  expect(summaryOf(shellBody('👩‍💻 ok'))).toBe('👩‍💻 ok');
});

test.each([
  ['ASCII', 'a'.repeat(500), `${'a'.repeat(159)}…`],
  ['CJK', '漢'.repeat(500), `${'漢'.repeat(159)}…`],
  ['emoji', '😀'.repeat(500), `${'😀'.repeat(79)}…`],
  ['emoji after one letter', `x${'😀'.repeat(500)}`, `x${'😀'.repeat(79)}…`],
])('a long line of %s is cut between characters', (_, line, summary) => {
  expect(summaryOf(shellBody(line))).toBe(summary);
});

test('just as long as it may be, a line is whole', () => {
  for (const line of ['a'.repeat(160), '😀'.repeat(80)]) expect(summaryOf(shellBody(line))).toBe(line);
});

test('no text gives a summary that its schema refuses', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.nat(200), (text, times) => {
      const summary = summaryOf(shellBody(text + '😀'.repeat(times)));
      expect(summaryFits(summary) && summary.isWellFormed()).toBe(true);
    }),
  );
});
