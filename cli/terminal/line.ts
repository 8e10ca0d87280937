export type Tone = 'plain' | 'dim' | 'strong' | 'good' | 'bad' | 'warn' | 'accent';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/**
 * A line for people before it meets a terminal: text from anywhere, unescaped, and what it means. Only `renderLines` turns it into
 * characters, so nothing can reach a terminal unescaped.
 */
export interface Line {
  readonly spans: readonly Span[];
  /** Columns by which what does not fit is set in on the next row. */
  readonly hang: number;
  /**
   * Where a long line is broken: between words; at the edge and nowhere else, for commands and patches, where a lost space would change
   * what is read; or never, for what is there to be copied, since a terminal joins again what it has wrapped itself.
   */
  readonly wrap: 'words' | 'edge' | 'never';
}

export const blankLine: Line = { spans: [], hang: 0, wrap: 'words' };

export function tone(kind: Tone, text: string): Span {
  return { text, tone: kind };
}

/** A line of prose; `hang` is the width of its first part, which is its indentation and mark. */
export function line(...parts: readonly (string | Span)[]): Line {
  return lineAt(0, ...parts);
}

export function lineAt(indent: number, ...parts: readonly (string | Span)[]): Line {
  const spans = parts.map((part) => (typeof part === 'string' ? tone('plain', part) : part));
  const lead = indent === 0 ? [] : [tone('plain', ' '.repeat(indent))];
  return { spans: [...lead, ...spans], hang: indent + 2, wrap: 'words' };
}

/** `label` padded to `width`, then the value, whose further rows stand below its first. */
export function field(
  indent: number,
  width: number,
  label: string,
  ...value: readonly (string | Span)[]
): Line {
  const base = lineAt(indent, tone('dim', label.padEnd(width)), ...value);
  return { ...base, hang: indent + width };
}

/** A command to copy, with a word on it in front. */
export function commandLine(indent: number, width: number, label: string, command: string): Line {
  return { ...field(indent, width, label, tone('accent', command)), wrap: 'never' };
}

/** A sentence, and below it the command that it speaks of, to copy. */
export function lineAndCommand(text: string, command: string): readonly Line[] {
  return [line(text), commandLine(2, 0, '', command)];
}

/** A text of several lines, whole and exactly as it is. */
export function exactLines(
  indent: number,
  texts: readonly string[],
  mark: (text: string) => Tone = () => 'plain',
): readonly Line[] {
  return texts.map((text) => ({
    ...lineAt(indent, tone(mark(text), text)),
    hang: indent,
    wrap: 'edge' as const,
  }));
}
