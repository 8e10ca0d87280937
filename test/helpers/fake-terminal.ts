import type { Terminal, TerminalFacts } from '../../cli/terminal/terminal.ts';

export interface FakeTerminal extends Terminal {
  /** Everything that was written to standard output and standard error. */
  stdout(): string;
  stderr(): string;
  stdoutBytes(): Uint8Array;
  /** The question that is open, null when none is. */
  question(): string | null;
  /** Every question that was asked, with the text that it began with. */
  readonly questions: { readonly question: string; readonly initial: string }[];
  /** The person types a line and Enter. Fails when nothing is asked. */
  type(text: string): void;
  /** Ctrl-C, heard by the question that is open, else by the listeners. */
  interrupt(): void;
  resize(facts: Partial<TerminalFacts>): void;
  /** Listeners for Ctrl-C; 0 or 1 where all is well. */
  listeners(): number;
}

/** A person at a terminal, or a pipe: `facts` says which. */
export function createFakeTerminal(facts: Partial<TerminalFacts> = {}, stdin = ''): FakeTerminal {
  let current: TerminalFacts = {
    columns: Number.POSITIVE_INFINITY,
    rows: Number.POSITIVE_INFINITY,
    live: false,
    interactive: false,
    color: false,
    ...facts,
  };
  const out: Uint8Array[] = [];
  let err = '';
  let open: { readonly question: string; readonly resolve: (text: string | null) => void } | null = null;
  const questions: { question: string; initial: string }[] = [];
  const interrupts = new Set<() => void>();
  const resizes = new Set<() => void>();
  const answer = (text: string | null) => {
    if (open === null) throw new Error(`nothing is asked, so ${JSON.stringify(text)} cannot be typed`);
    const { resolve } = open;
    open = null;
    resolve(text);
  };
  return {
    questions,
    facts: () => current,
    async write(text) {
      out.push(typeof text === 'string' ? new TextEncoder().encode(text) : text);
    },
    async writeError(text) {
      err += text;
    },
    readStdin: async () => stdin,
    ask(question, { signal, initial }) {
      if (open !== null) throw new Error(`"${question}" was asked while "${open.question}" was open`);
      questions.push({ question, initial });
      return new Promise((resolve) => {
        open = { question, resolve };
        signal.addEventListener('abort', () => open?.question === question && answer(null), { once: true });
      });
    },
    onInterrupt(listener) {
      interrupts.add(listener);
      return () => void interrupts.delete(listener);
    },
    onResize(listener) {
      resizes.add(listener);
      return () => void resizes.delete(listener);
    },
    stdout: () => Buffer.concat(out).toString('utf8'),
    stdoutBytes: () => Buffer.concat(out),
    stderr: () => err,
    question: () => open?.question ?? null,
    type: answer,
    interrupt() {
      if (open !== null) answer(null);
      else for (const listener of interrupts) listener();
    },
    resize(more) {
      current = { ...current, ...more };
      for (const listener of resizes) listener();
    },
    listeners: () => interrupts.size,
  };
}
