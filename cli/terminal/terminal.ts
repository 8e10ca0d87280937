/** What the streams are and what they can do, asked anew each time because a window can be resized. */
export interface TerminalFacts {
  /** Of standard output; `Infinity` where it is no terminal. */
  readonly columns: number;
  readonly rows: number;
  /** Standard output is a terminal that can move its cursor. */
  readonly live: boolean;
  /** A person can be asked: standard input and output are terminals. */
  readonly interactive: boolean;
  readonly color: boolean;
}

/** The person's side. Writing resolves when the stream takes more. */
export interface Terminal {
  facts(): TerminalFacts;
  write(text: string | Uint8Array): Promise<void>;
  writeError(text: string): Promise<void>;
  readStdin(): Promise<string>;
  /** A line that the person types, perhaps starting from `initial`; null when they give up (Ctrl-C, end of input) or `signal` aborts. */
  ask(
    question: string,
    options: { readonly signal: AbortSignal; readonly initial: string },
  ): Promise<string | null>;
  /** Called on Ctrl-C. What is typed meanwhile is thrown away. Returns how to stop listening. */
  onInterrupt(listener: () => void): () => void;
  onResize(listener: () => void): () => void;
}
