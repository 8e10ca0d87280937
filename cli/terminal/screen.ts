import stringWidth from 'string-width';
import type { Line } from './line.ts';
import { fitLine, renderLines } from './render.ts';
import type { Terminal } from './terminal.ts';

/** A story that only grows, and below it, on a terminal, a few lines that are drawn anew. */
export interface Screen {
  print(lines: readonly Line[]): Promise<void>;
  /** Replaces the lines at the bottom; where the cursor cannot move, nothing is shown. */
  live(lines: readonly Line[]): Promise<void>;
}

/**
 * A screen on the terminal's standard output. Each change is one write, so that nothing is seen half drawn. The bottom lines are cut
 * to one row each and to the height of the window: only then is it known how far up the cursor has to go.
 */
export function createScreen(terminal: Terminal): Screen {
  let drawn: readonly string[] = [];
  let wanted: readonly Line[] = [];

  const redraw = async (story: readonly Line[]) => {
    const facts = terminal.facts();
    const rows = renderLines(story, { columns: facts.columns, color: facts.color });
    if (!facts.live) {
      if (rows.length > 0) await terminal.write(`${rows.join('\n')}\n`);
      return;
    }
    const columns = facts.columns - 1;
    const bottom = wanted
      .slice(0, Math.max(1, facts.rows - 2))
      .map((line) => fitLine(line, { columns, color: facts.color }));
    const text = erasing(drawn, facts.columns) + rows.map((row) => `${row}\n`).join('') + bottom.join('\n');
    drawn = bottom;
    if (text !== '') await terminal.write(text);
  };

  return {
    print: redraw,
    async live(lines) {
      wanted = lines;
      await redraw([]);
    },
  };
}

/** A window made narrower has broken a row drawn before into several. */
function erasing(rows: readonly string[], columns: number): string {
  if (rows.length === 0) return '';
  const height = rows.reduce((sum, row) => sum + Math.max(1, Math.ceil(stringWidth(row) / columns)), 0);
  return `\r${height > 1 ? `\u001b[${height - 1}A` : ''}\u001b[0J`;
}
