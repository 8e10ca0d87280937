import { createInterface } from 'node:readline/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Terminal, TerminalFacts } from './terminal.ts';

export interface TerminalStreams {
  readonly stdin: NodeJS.ReadStream | ReadStream;
  readonly stdout: NodeJS.WriteStream | WriteStream;
  readonly stderr: NodeJS.WriteStream | WriteStream;
}

/** What the environment says of a terminal: https://no-color.org, `FORCE_COLOR` as Node reads it, `TERM`. */
export interface TerminalSettings {
  readonly noColor: string | undefined;
  readonly forceColor: string | undefined;
  readonly term: string | undefined;
}

/** Whether text to a stream has colours. Pure. */
export function wantsColor(settings: TerminalSettings, isTerminal: boolean): boolean {
  const { noColor, forceColor, term } = settings;
  if (forceColor !== undefined && forceColor !== '') return forceColor !== '0' && forceColor !== 'false';
  if (noColor !== undefined && noColor !== '') return false;
  return isTerminal && term !== 'dumb';
}

const ctrlC = '\u0003';
const ctrlZ = '\u001a';

/** The terminal of this process. Interrupts are heard as a key where there is a terminal, as a signal otherwise. */
export function createNodeTerminal(streams: TerminalStreams, settings: TerminalSettings): Terminal {
  const { stdin, stdout, stderr } = streams;
  const facts = (): TerminalFacts => {
    const isTerminal = stdout.isTTY === true;
    return {
      columns: isTerminal ? stdout.columns || 80 : Number.POSITIVE_INFINITY,
      rows: isTerminal ? stdout.rows || 24 : Number.POSITIVE_INFINITY,
      live: isTerminal && settings.term !== 'dumb',
      interactive: isTerminal && stdin.isTTY === true,
      color: wantsColor(settings, isTerminal),
    };
  };
  return {
    facts,
    write: (text) => written(stdout, text),
    writeError: (text) => written(stderr, text),
    async readStdin() {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString('utf8');
    },
    async ask(question, { signal, initial }) {
      if (signal.aborted) return null;
      const reader = createInterface({ input: stdin, output: stdout, terminal: facts().live });
      const gaveUp = new AbortController();
      const giveUp = () => gaveUp.abort();
      reader.once('SIGINT', giveUp);
      reader.once('close', giveUp);
      const stopSignal = onSignal(giveUp);
      try {
        const answer = reader.question(question, { signal: AbortSignal.any([signal, gaveUp.signal]) });
        if (initial !== '') reader.write(initial);
        return await answer;
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
        await written(stdout, '\n');
        return null;
      } finally {
        stopSignal();
        reader.close();
      }
    },
    onInterrupt(listener) {
      const stopSignal = onSignal(listener);
      // With its output in a pager, the keyboard is the pager's.
      const stopKeys = facts().interactive ? onKeys(stdin, listener) : () => {};
      return () => {
        stopKeys();
        stopSignal();
      };
    },
    onResize(listener) {
      stdout.on('resize', listener);
      return () => void stdout.off('resize', listener);
    },
  };
}

function onSignal(listener: () => void): () => void {
  process.on('SIGINT', listener);
  return () => void process.off('SIGINT', listener);
}

/** In raw mode nothing that is typed is echoed into what is drawn, and nothing typed ahead answers a question that comes later. */
function onKeys(stdin: NodeJS.ReadStream | ReadStream, listener: () => void): () => void {
  const onData = (data: Buffer) => {
    const keys = data.toString('latin1');
    if (keys.includes(ctrlC)) listener();
    else if (keys.includes(ctrlZ)) suspend(stdin);
  };
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.resume();
  return () => {
    stdin.off('data', onData);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

function suspend(stdin: NodeJS.ReadStream | ReadStream): void {
  stdin.setRawMode(false);
  process.once('SIGCONT', () => stdin.setRawMode(true));
  // The whole group, so that the shell gets the terminal back also when another program started this one.
  process.kill(0, 'SIGTSTP');
}

function written(stream: NodeJS.WriteStream | WriteStream, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (stream.write(text)) resolve();
    else stream.once('drain', resolve);
  });
}
