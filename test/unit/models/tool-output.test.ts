import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandOutputText, cutMiddle, outputItem } from '../../../models/tool-output.ts';

describe('cutMiddle', () => {
  test('leaves what fits as it is', () => {
    expect(cutMiddle('x'.repeat(400), 100)).toBe('x'.repeat(400));
  });

  test('cuts in the middle and says how much is gone', () => {
    expect(cutMiddle(`${'a'.repeat(300)}\n${'b'.repeat(299)}`, 100)).toBe(
      `Warning: truncated output (original token count: 150)\nTotal output lines: 2\n\n${'a'.repeat(200)}…50 tokens truncated…${'b'.repeat(200)}`,
    );
  });

  test('never splits a character', () => {
    fc.assert(
      fc.property(
        // The mark of a broken character is a character as well.
        fc
          .string({ unit: 'grapheme', minLength: 50, maxLength: 400 })
          .map((text) => text.replaceAll('\ufffd', '?')),
        fc.integer({ min: 1, max: 20 }),
        (text, maxTokens) => {
          expect(cutMiddle(text, maxTokens)).not.toContain('\ufffd');
        },
      ),
    );
  });

  test('stays within its limit for any bytes, and is always text', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2000 }),
        fc.integer({ min: 10, max: 100 }),
        (bytes, maxTokens) => {
          const text = cutMiddle(bytes, maxTokens);
          expect(text.isWellFormed()).toBe(true);
          expect(text.length).toBeLessThanOrEqual(maxTokens * 4 + 150);
        },
      ),
    );
  });

  test('shows bytes that are no UTF-8 as replacement characters', () => {
    expect(cutMiddle(new Uint8Array([0x61, 0xff, 0x62]))).toBe('a\ufffdb');
  });
});

test('a command answers with its end, its time and its output', () => {
  const text = commandOutputText({
    headline: 'Process exited with code 1',
    durationMs: 1234,
    output: Buffer.from('boom\n'),
  });
  expect(text).toBe('Process exited with code 1\nWall time: 1.2 seconds\nOutput:\nboom\n');
});

test('an output has the type that its call asks for', () => {
  expect(outputItem({ callId: 'a', itemType: 'function_call' }, 'x')).toEqual({
    type: 'function_call_output',
    call_id: 'a',
    output: 'x',
  });
  expect(outputItem({ callId: 'b', itemType: 'custom_tool_call' }, 'x')).toEqual({
    type: 'custom_tool_call_output',
    call_id: 'b',
    output: 'x',
  });
});
