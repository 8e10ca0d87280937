import type { Platform, Progress } from './platform.ts';
import { line, tone } from './terminal/line.ts';
import { renderLines } from './terminal/render.ts';
import { createScreen, type Screen } from './terminal/screen.ts';

/**
 * Runs what may take long and shows what it reports: on a terminal as one line that changes and is gone at the end, elsewhere as
 * lines on standard error.
 */
export async function withProgress<T>(
  platform: Platform,
  json: boolean,
  work: (progress: Progress) => Promise<T>,
  screen: Screen = createScreen(platform.terminal),
): Promise<T> {
  const { terminal } = platform;
  const drawn = !json && terminal.facts().live;
  const progress = (text: string) => {
    const shown = line(tone('dim', `… ${text}`));
    if (drawn) void screen.live([shown]);
    else {
      const rows = renderLines([shown], { columns: Number.POSITIVE_INFINITY, color: false });
      void terminal.writeError(`${rows.join('\n')}\n`);
    }
  };
  try {
    return await work(progress);
  } finally {
    if (drawn) await screen.live([]);
  }
}
