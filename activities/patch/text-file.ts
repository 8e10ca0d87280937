export interface TextLine {
  /** As people read it; bytes that are no UTF-8 appear as U+FFFD. */
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly eol: '' | '\n' | '\r\n';
}

/** A file as lines that remember their own bytes, so that what a patch does not touch stays byte for byte. */
export interface TextFile {
  readonly lines: readonly TextLine[];
  /** The line end that most lines have; new lines get it. */
  readonly eol: '\n' | '\r\n';
}

/** Splits a file; undefined for a binary one, which is one with a NUL byte. */
export function readTextFile(bytes: Uint8Array): TextFile | undefined {
  if (bytes.includes(0)) return undefined;
  const lines: TextLine[] = [];
  for (let start = 0; start < bytes.length; ) {
    const line = lineAt(bytes, start);
    lines.push(line);
    start += line.bytes.length + line.eol.length;
  }
  const crlf = lines.filter((line) => line.eol === '\r\n').length;
  return { lines, eol: crlf * 2 > lines.length ? '\r\n' : '\n' };
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function lineAt(bytes: Uint8Array, start: number): TextLine {
  const newline = bytes.indexOf(0x0a, start);
  const end = newline === -1 ? bytes.length : newline;
  const crlf = newline > start && bytes[newline - 1] === 0x0d;
  const content = bytes.subarray(start, crlf ? end - 1 : end);
  return { text: decoder.decode(content), bytes: content, eol: newline === -1 ? '' : crlf ? '\r\n' : '\n' };
}

export function newLine(text: string, eol: '\n' | '\r\n'): TextLine {
  return { text, bytes: Buffer.from(text), eol };
}

/** The lines as bytes. A line that has come to stand before others gets a line end if it had none. */
export function writeTextFile(lines: readonly TextLine[], eol: '\n' | '\r\n'): Uint8Array {
  const last = lines.length - 1;
  const parts = lines.flatMap((line, index) => [
    line.bytes,
    Buffer.from(line.eol === '' && index < last ? eol : line.eol),
  ]);
  return new Uint8Array(Buffer.concat(parts));
}
