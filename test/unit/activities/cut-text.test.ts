import { expect, test } from 'vitest';
import { cutText } from '../../../activities/cut-text.ts';
import { wellFormed } from '../../../activities/well-formed.ts';

test('a text that fits is given as it is', () => {
  expect(cutText('abc', 3)).toBe('abc');
});

test('a longer one is cut with an ellipsis that counts', () => {
  expect(cutText('abcd', 3)).toBe('ab…');
});

test('half of a character is never left', () => {
  expect(cutText('a😀😀', 3)).toBe('a…');
});

test('halves of characters are replaced at any depth, and all else stays', () => {
  const value = { a: ['x\uD83D', 1, null, true], '\uDC00': { b: '😀' } };
  expect(wellFormed(value)).toEqual({ a: ['x\uFFFD', 1, null, true], '\uFFFD': { b: '😀' } });
});
