import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { commandLine, exactLines, field, line, lineAt, tone } from '../../../../cli/terminal/line.ts';
import { fitLine, renderLines, textWidth } from '../../../../cli/terminal/render.ts';

const plain = (columns: number) => ({ columns, color: false });

describe('rendered lines', () => {
  it('break between words and hang under their beginning', () => {
    expect(renderLines([lineAt(2, 'one two three four five six')], plain(18))).toEqual([
      '  one two three',
      '    four five six',
    ]);
  });

  it('break a word that is longer than a row', () => {
    expect(renderLines([line('a'.repeat(40))], plain(20))).toEqual([
      'a'.repeat(20),
      `  ${'a'.repeat(18)}`,
      '  aa',
    ]);
  });

  it('leave no label alone on a row, also before a word that is longer than the rest of it', () => {
    expect(renderLines([field(2, 8, 'model', 'x'.repeat(30))], plain(26))).toEqual([
      `  model   ${'x'.repeat(16)}`,
      `          ${'x'.repeat(14)}`,
    ]);
  });

  it('keep every space of an exact text', () => {
    const text = `rm    -rf    ${'x'.repeat(30)}`;
    const rows = renderLines(exactLines(2, [text]), plain(20));
    expect(rows.every((row) => row.length <= 20)).toBe(true);
    expect(rows.map((row) => row.slice(2).padEnd(18)).join('')).toContain(text);
  });

  it('do not break what is there to be copied', () => {
    const command = `longhaul diff ${'x'.repeat(60)}`;
    expect(renderLines([commandLine(2, 6, 'next', command)], plain(20))).toEqual([`  next  ${command}`]);
  });

  it('stay within the columns also with wide characters and emoji', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 80 }),
        fc.integer({ min: 16, max: 40 }),
        (text, columns) => {
          for (const row of renderLines([field(2, 4, 'x', text), ...exactLines(2, [text])], plain(columns)))
            expect(stringWidth(row)).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });

  it('lose no character when they break at the edge', () => {
    const text = '日本語のテキスト👩‍👩‍👧と長い行';
    const rows = renderLines(exactLines(0, [text]), plain(16));
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.join('')).toBe(text);
  });

  it('never break the sign that stands for a hidden character', () => {
    const rows = renderLines(exactLines(0, [`${'x'.repeat(14)}\u202e`]), plain(16));
    expect(rows).toEqual(['x'.repeat(14), '<U+202E>']);
  });

  it('have colours of their own only, and mark what was escaped', () => {
    const [row] = renderLines([line(tone('good', 'ok\u001b[31m'))], { columns: 80, color: true });
    expect(row).toBe(
      '\u001b[32mok\u001b[39m\u001b[7m\u001b[33m<U+001B>\u001b[39m\u001b[27m\u001b[32m[31m\u001b[39m',
    );
    expect(renderLines([line(tone('good', 'ok'))], plain(80))).toEqual(['ok']);
  });

  it('that must fit end in an ellipsis', () => {
    expect(fitLine(line('one two three four'), plain(16))).toBe('one two three f…');
    expect(textWidth(fitLine(line('日本語のテキストです'), plain(16)))).toBeLessThanOrEqual(16);
    expect(fitLine(line('short'), plain(16))).toBe('short');
  });

  it('hang by little where their beginning takes most of a row', () => {
    const rows = renderLines([field(2, 14, 'label', 'one two three four')], plain(20));
    expect(rows).toEqual(['  label         one', '  two three four']);
  });

  it('take no more columns than a very narrow terminal can have', () => {
    expect(
      renderLines([field(2, 12, 'label', 'a value that is long')], plain(3)).every((row) => row.length <= 16),
    ).toBe(true);
  });
});
