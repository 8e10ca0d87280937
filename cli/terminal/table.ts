import { type Line, line, type Span, type Tone, tone } from './line.ts';
import { textWidth } from './render.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** The column that gives way, and ends in `…`, when the terminal is narrow. */
  readonly flexible?: true;
  readonly minWidth?: number;
}

export interface TableCell {
  readonly text: string;
  readonly tone?: Tone;
}

/** Rows below their titles, fitted into `columns`; where nothing limits the width, nothing is cut. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly TableCell[])[],
  width: number,
): readonly Line[] {
  const titles = columns.map((column) => ({ text: column.title, tone: 'dim' as const }));
  const widths = fittedWidths(columns, [titles, ...rows], width);
  return [titles, ...rows].map((row) => {
    const spans = columns.flatMap((column, index) =>
      cellSpans(row[index], column, widths[index] ?? 0, index),
    );
    return { ...line(...spans), hang: 0 };
  });
}

function fittedWidths(
  columns: readonly Column[],
  rows: readonly (readonly TableCell[])[],
  width: number,
): readonly number[] {
  const wanted = columns.map((_, index) => Math.max(...rows.map((row) => textWidth(row[index]?.text ?? ''))));
  let over = sum(wanted) + 2 * (columns.length - 1) - width;
  return wanted.map((columnWidth, index) => {
    const column = columns[index];
    if (over <= 0 || column?.flexible === undefined) return columnWidth;
    const cut = Math.min(over, Math.max(0, columnWidth - (column.minWidth ?? 8)));
    over -= cut;
    return columnWidth - cut;
  });
}

function cellSpans(
  cell: TableCell | undefined,
  column: Column,
  width: number,
  index: number,
): readonly Span[] {
  const shown = shortened(cell?.text ?? '', width);
  const padding = ' '.repeat(Math.max(0, width - textWidth(shown)));
  const padded = column.align === 'right' ? `${padding}${shown}` : `${shown}${padding}`;
  return [...(index === 0 ? [] : [tone('plain', '  ')]), tone(cell?.tone ?? 'plain', padded)];
}

/** Cut to a width in columns, ending in `…`. */
export function shortened(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (textWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}
