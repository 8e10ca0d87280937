import { describe, expect, test } from 'vitest';
import { developerText } from '../../../models/developer-text.ts';
import {
  estimateTokens,
  firstItemCount,
  firstItems,
  outputText,
  transcriptProblems,
} from '../../../models/transcript.ts';

const call = (id: string) => ({ type: 'function_call', call_id: id, name: 'exec_command', arguments: '{}' });
const output = (id: string) => ({ type: 'function_call_output', call_id: id, output: 'x' });

describe('the first items', () => {
  const input = {
    instructions: developerText,
    contextText: 'a map',
    instruction: 'do it',
    constraints: ['no new dependency', 'be quick'],
  };

  test('are base text, context, then the task with its constraints', () => {
    const items = firstItems(input);
    expect(items).toHaveLength(firstItemCount);
    expect(items.map((item) => item['role'])).toEqual(['developer', 'user', 'user']);
    expect(JSON.stringify(items[2])).toContain(
      '# Task\\ndo it\\n\\n# Constraints\\n- no new dependency\\n- be quick',
    );
  });

  test('are the same bytes for the same task', () => {
    expect(JSON.stringify(firstItems(input))).toBe(
      JSON.stringify(firstItems({ ...input, constraints: [...input.constraints] })),
    );
  });

  test('leave the heading out where there is no constraint', () => {
    expect(JSON.stringify(firstItems({ ...input, constraints: [] }))).not.toContain('# Constraints');
  });
});

describe('transcriptProblems', () => {
  test('finds none where each call has its output', () => {
    expect(transcriptProblems([call('a'), call('b'), output('b'), output('a')])).toEqual([]);
  });

  test.each([
    ['a call without output', [call('a')], 'the call a has no output'],
    ['an output without call', [output('a')], 'item 0: an output for a, which is no open call'],
    [
      'an output before its call',
      [output('a'), call('a'), output('a')],
      'item 0: an output for a, which is no open call',
    ],
    ['two outputs', [call('a'), output('a'), output('a')], 'item 2: an output for a, which is no open call'],
    [
      'an id used twice',
      [call('a'), output('a'), call('a'), output('a')],
      'item 2: the call a appears twice',
    ],
    ['a call without id', [call(''), output('')], 'item 0: a call without an id'],
  ])('finds %s', (_title, items, problem) => {
    expect(transcriptProblems(items)).toContain(problem);
  });
});

test('the words of an answer are those of its messages', () => {
  const message = (text: string) => ({
    type: 'message',
    role: 'assistant',
    content: [
      { type: 'output_text', text, annotations: [] },
      { type: 'refusal', refusal: 'no' },
    ],
  });
  expect(outputText([{ type: 'reasoning', summary: [] }, message('one'), call('a'), message('two')])).toBe(
    'one\ntwo',
  );
  expect(outputText([call('a')])).toBe('');
});

test('a token is about four bytes of JSON, also outside ASCII', () => {
  expect(estimateTokens([{ type: 'x' }])).toBe(3);
  expect(estimateTokens([{ type: 'é'.repeat(100) }])).toBe(Math.ceil((11 + 200) / 4));
});
