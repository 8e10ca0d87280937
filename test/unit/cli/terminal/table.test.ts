import { describe, expect, it } from 'vitest';
import { renderLines, textWidth } from '../../../../cli/terminal/render.ts';
import { shortened, tableLines } from '../../../../cli/terminal/table.ts';

const columns = [
  { title: 'ID' },
  { title: 'N', align: 'right' },
  { title: 'TEXT', flexible: true, minWidth: 6 },
] as const;
const rows = [
  [{ text: 'one' }, { text: '7' }, { text: 'short' }],
  [{ text: 'two' }, { text: '1234' }, { text: '日本語のテキストが長いとき' }],
];

describe('a table', () => {
  it('aligns its columns, wide characters included', () => {
    expect(renderLines(tableLines(columns, rows, 80), { columns: 80, color: false })).toEqual([
      'ID      N  TEXT',
      'one     7  short',
      'two  1234  日本語のテキストが長いとき',
    ]);
  });

  it('cuts only the column that may give way', () => {
    const fitted = renderLines(tableLines(columns, rows, 24), { columns: 80, color: false });
    expect(fitted).toEqual(['ID      N  TEXT', 'one     7  short', 'two  1234  日本語のテキ…']);
    expect(Math.max(...fitted.map(textWidth))).toBeLessThanOrEqual(24);
  });

  it('shortens by columns, not by characters', () => {
    expect(shortened('日本語', 5)).toBe('日本…');
    expect(shortened('abc', 3)).toBe('abc');
  });
});
