import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText, safeText, splitLines } from '../../../../cli/terminal/escape.ts';

const dangerous = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

describe('text from outside', () => {
  it.each([
    ['an escape sequence', '\u001b[2J', '<U+001B>[2J'],
    ['an operating system command', '\u001b]0;title\u0007', '<U+001B>]0;title<U+0007>'],
    ['the one-character form of an escape', '\u009b2J', '<U+009B>2J'],
    ['a carriage return that would overwrite', 'rm -rf /\recho ok', 'rm -rf /<U+000D>echo ok'],
    ['a backspace', 'a\bb', 'a<U+0008>b'],
    ['an order that turns text around', 'a\u202ecba', 'a<U+202E>cba'],
    ['isolates', '\u2066x\u2069', '<U+2066>x<U+2069>'],
    ['a character without width', 'ev\u200bil', 'ev<U+200B>il'],
    ['a joiner that joins no emoji', 'ev\u200dil', 'ev<U+200D>il'],
    ['a selector that selects nothing', 'ev\ufe0fil', 'ev<U+FE0F>il'],
    ['letters that cannot be seen', 'x\u{e0041}\u3164', 'x<U+E0041><U+3164>'],
    ['a space that is none', 'a\u00a0b', 'a<U+00A0>b'],
    ['half a character', 'a\ud800b', 'a<U+D800>b'],
    ['a line end where one line was meant', 'a\nb', 'a<U+000A>b'],
  ])('cannot hide %s', (_, text, shown) => {
    expect(safeText(text)).toBe(shown);
  });

  it.each(['日本語 한국어 العربية', 'naïve café', '👩‍👩‍👧 ❤️ 👍🏽 1️⃣ 🇩🇪', 'a　b', '→ ✓ …'])(
    'leaves %s as it is',
    (text) => {
      expect(safeText(text)).toBe(text);
    },
  );

  it('shows a tab as four spaces', () => {
    expect(safeText('a\tb')).toBe('a    b');
  });

  it('marks what stands for something else, so that it can be told from the same text typed out', () => {
    expect(escapeText('<U+001B>\u001b')).toEqual([
      { text: '<U+001B>', escaped: false },
      { text: '<U+001B>', escaped: true },
    ]);
  });

  it('holds no dangerous character whatever goes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        // A joiner inside an emoji sequence is the one exception.
        expect(
          safeText(text).replace(/(?<=\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f)\u200d/gu, ''),
        ).not.toMatch(dangerous);
      }),
      { numRuns: 40 },
    );
  });

  it('is split at both kinds of line end, and a last line end makes no line', () => {
    expect(splitLines('a\r\nb\n\nc\n')).toEqual(['a', 'b', '', 'c']);
    expect(splitLines('')).toEqual([]);
  });
});
