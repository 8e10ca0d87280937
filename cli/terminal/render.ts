import { styleText } from 'node:util';
import stringWidth from 'string-width';
import { escapeText } from './escape.ts';
import type { Line, Tone } from './line.ts';

export interface RenderOptions {
  /** Columns of the terminal; `Infinity` where nothing wraps. */
  readonly columns: number;
  readonly color: boolean;
}

interface Cell {
  readonly text: string;
  readonly width: number;
  readonly tone: Tone | 'escaped';
}

const formats = {
  plain: null,
  dim: 'dim',
  strong: 'bold',
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  accent: 'cyan',
  escaped: ['inverse', 'yellow'],
} as const satisfies Record<Cell['tone'], Parameters<typeof styleText>[0] | null>;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const narrowest = 16;

/** The rows that lines take on a terminal, escaped and wrapped, without line ends. The only way from text to terminal characters. */
export function renderLines(lines: readonly Line[], options: RenderOptions): readonly string[] {
  return lines.flatMap((line) => wrapped(line, options.columns).map((row) => paint(row, options.color)));
}

/** One row that never wraps: what does not fit ends in `…`. */
export function fitLine(line: Line, options: RenderOptions): string {
  const cells = cellsOf(line);
  const columns = Math.max(narrowest, options.columns);
  if (widthOf(cells) <= columns) return paint(cells, options.color);
  const kept: Cell[] = [];
  let used = 1;
  for (const cell of cells) {
    if (used + cell.width > columns) break;
    kept.push(cell);
    used += cell.width;
  }
  return paint([...kept, { text: '…', width: 1, tone: kept.at(-1)?.tone ?? 'plain' }], options.color);
}

/** Columns that a text takes once it is escaped. */
export function textWidth(text: string): number {
  return escapeText(text).reduce((sum, piece) => sum + stringWidth(piece.text), 0);
}

function cellsOf(line: Line): readonly Cell[] {
  return line.spans.flatMap((span) =>
    escapeText(span.text).flatMap(({ text, escaped }): readonly Cell[] =>
      escaped
        ? [{ text, width: text.length, tone: 'escaped' }]
        : graphemesOf(text).map((grapheme) => ({
            text: grapheme,
            width: widthOfGrapheme(grapheme),
            tone: span.tone,
          })),
    ),
  );
}

const ascii = /^[ -~]*$/;
const widths = new Map<string, number>();

function graphemesOf(text: string): readonly string[] {
  return ascii.test(text) ? text.split('') : Array.from(graphemes.segment(text), ({ segment }) => segment);
}

/** Remembered: a patch of 20,000 lines is shown whole. */
function widthOfGrapheme(text: string): number {
  if (text.length === 1 && text >= ' ' && text <= '~') return 1;
  const known = widths.get(text);
  if (known !== undefined) return known;
  const width = stringWidth(text);
  if (widths.size < 10_000) widths.set(text, width);
  return width;
}

function wrapped(line: Line, wanted: number): readonly (readonly Cell[])[] {
  const columns = Math.max(narrowest, wanted);
  const cells = cellsOf(line);
  if (line.wrap === 'never' || widthOf(cells) <= columns) return [cells];
  const hang = line.hang > columns / 2 ? 2 : line.hang;
  const fits = line.wrap === 'edge' ? fitting : wordsFitting;
  const head = fits(cells, columns, hang);
  const rows: (readonly Cell[])[] = [cells.slice(0, head)];
  let rest = continued(line, cells.slice(head));
  while (rest.length > 0) {
    const take = fits(rest, columns - hang, 0);
    rows.push([...indentation(hang), ...rest.slice(0, take)]);
    rest = continued(line, rest.slice(take));
  }
  return rows;
}

function continued(line: Line, rest: readonly Cell[]): readonly Cell[] {
  return line.wrap === 'edge' ? rest : withoutLeadingSpaces(rest);
}

/** How many cells fit, at least one. */
function fitting(cells: readonly Cell[], room: number): number {
  let used = 0;
  for (const [index, cell] of cells.entries()) {
    used += cell.width;
    if (used > room) return Math.max(1, index);
  }
  return cells.length;
}

/** The same without breaking a word. The first `lead` columns are not left alone on a row: nothing would stand beside a label. */
function wordsFitting(cells: readonly Cell[], room: number, lead: number): number {
  const most = fitting(cells, room);
  if (most === cells.length || cells[most]?.text === ' ') return most;
  const space = cells.slice(0, most).findLastIndex((cell) => cell.text === ' ');
  const first = cells.findIndex((cell) => cell.text !== ' ');
  return space > first && space >= lead ? space : most;
}

function withoutLeadingSpaces(cells: readonly Cell[]): readonly Cell[] {
  const start = cells.findIndex((cell) => cell.text !== ' ');
  return start === -1 ? [] : cells.slice(start);
}

function indentation(columns: number): readonly Cell[] {
  return columns === 0 ? [] : [{ text: ' '.repeat(columns), width: columns, tone: 'plain' }];
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, cell) => sum + cell.width, 0);
}

function paint(cells: readonly Cell[], color: boolean): string {
  let text = '';
  let run = '';
  let current: Cell['tone'] = 'plain';
  const flush = () => {
    const format = formats[current];
    text += run === '' || format === null || !color ? run : styleText(format, run, { validateStream: false });
    run = '';
  };
  for (const cell of cells) {
    if (cell.tone !== current) {
      flush();
      current = cell.tone;
    }
    run += cell.text;
  }
  flush();
  return text.trimEnd();
}
