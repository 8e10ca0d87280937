export interface Token {
  readonly type: 'name' | 'text' | 'sign' | 'end';
  readonly value: string;
  /** Where it begins in the source. */
  readonly at: number;
}

/** What is not such a file, and where: both count from 1. */
export class LiteralSyntaxError extends Error {
  readonly line: number;
  readonly column: number;
  constructor(source: string, at: number, message: string) {
    super(message);
    this.line = lineOf(source, at);
    this.column = at - source.slice(0, at).lastIndexOf('\n');
  }
}

export function lineOf(source: string, at: number): number {
  return source.slice(0, at).split('\n').length;
}

const space = String.raw`(?:[ \t\r\n]|\\\r?\n|#[^\n]*)+`;
const name = String.raw`[A-Za-z_]\w*(?![\w"'])`;
// Three quotes enclose line ends too.
const long = String.raw`(?<quote>"""|''')(?<long>(?:\\[\s\S]|(?!\k<quote>)[\s\S])*)\k<quote>`;
const double = String.raw`"(?<double>(?:\\[\s\S]|[^"\\\n])*)"`;
const single = String.raw`'(?<single>(?:\\[\s\S]|[^'\\\n])*)'`;
const pattern = new RegExp(
  `${space}|(?<name>${name})|(?<sign>[()[\\],=])|(?<raw>r?)(?:${long}|${double}|${single})`,
  'y',
);

/** Names, texts and signs of a Starlark file; comments are left out. Throws `LiteralSyntaxError`. */
export function literalTokens(source: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < source.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.groups;
    if (found === undefined) throw new LiteralSyntaxError(source, at, `found ${source.slice(at, at + 20)}`);
    tokens.push(...tokenOf(source, at, found));
  }
  return tokens;
}

type Groups = Readonly<Record<string, string | undefined>>;

function tokenOf(source: string, at: number, found: Groups): readonly Token[] {
  if (found['name'] !== undefined) return [{ type: 'name', value: found['name'], at }];
  if (found['sign'] !== undefined) return [{ type: 'sign', value: found['sign'], at }];
  const text = found['long'] ?? found['double'] ?? found['single'];
  if (text === undefined) return [];
  return [{ type: 'text', value: found['raw'] === 'r' ? text : unescaped(source, at, text), at }];
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

function unescaped(source: string, at: number, text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (whole, code?: string, letter?: string) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    const found = escapes[letter ?? ''];
    if (found === undefined) throw new LiteralSyntaxError(source, at, `the escape ${whole} is not known`);
    return found;
  });
}
