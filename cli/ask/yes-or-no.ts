import type { Terminal } from '../terminal/terminal.ts';

/**
 * Asks until it is a plain yes or no; Enter alone is no, as are Ctrl-C, the end of the input and a signal that aborts. `say` tells what is
 * accepted.
 */
export async function yesOrNo(
  terminal: Terminal,
  question: string,
  { signal, say }: { readonly signal: AbortSignal; readonly say: (text: string) => Promise<void> },
): Promise<boolean> {
  for (;;) {
    const typed = await terminal.ask(`${question} [y/N] `, { signal, initial: '' });
    const word = (typed ?? '').trim().toLowerCase();
    if (word === 'y' || word === 'yes') return true;
    if (word === '' || word === 'n' || word === 'no') return false;
    await say('Type y for yes, or n for no; Enter alone is no.');
  }
}
