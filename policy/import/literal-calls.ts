import { LiteralSyntaxError, lineOf, literalTokens, type Token } from './literal-tokens.ts';

/** A value that a call is given: text, a list of values, or None. */
export type Literal = string | null | readonly Literal[];

/** One call at the top of a file, with its arguments by name. */
export interface LiteralCall {
  readonly name: string;
  /** From 1. */
  readonly line: number;
  readonly values: Readonly<Record<string, Literal>>;
}

/**
 * Reads the part of Starlark that files of rules are written in: calls with named arguments, whose values are texts, lists and None. Anything
 * that would have to be evaluated (variables, loops, sums, f-strings) is a `LiteralSyntaxError`, never skipped.
 * https://github.com/bazelbuild/starlark/blob/master/spec.md
 */
export function parseLiteralCalls(source: string): readonly LiteralCall[] {
  const reader = createReader(source);
  const calls: LiteralCall[] = [];
  while (reader.peek().type !== 'end') calls.push(readCall(source, reader));
  return calls;
}

interface Reader {
  peek(): Token;
  take(type: Token['type'], value?: string): Token;
  /** Takes a sign if it is the next token. */
  accept(sign: string): boolean;
}

function createReader(source: string): Reader {
  const tokens = literalTokens(source);
  const end: Token = { type: 'end', value: 'the end of the file', at: source.length };
  let next = 0;
  const peek = (): Token => tokens[next] ?? end;
  const is = (type: Token['type'], value?: string) =>
    peek().type === type && (value === undefined || peek().value === value);
  return {
    peek,
    take(type, value) {
      const token = peek();
      if (!is(type, value))
        throw new LiteralSyntaxError(
          source,
          token.at,
          `expected ${value ?? `a ${type}`}, found ${token.value.slice(0, 40)}`,
        );
      next += 1;
      return token;
    },
    accept(sign) {
      const found = is('sign', sign);
      if (found) next += 1;
      return found;
    },
  };
}

function readCall(source: string, reader: Reader): LiteralCall {
  const { value: name, at } = reader.take('name');
  reader.take('sign', '(');
  const given = readList(reader, ')', () => {
    const argument = reader.take('name').value;
    reader.take('sign', '=');
    return [argument, readValue(reader)] as const;
  });
  const values = Object.fromEntries(given);
  if (Object.keys(values).length < given.length)
    throw new LiteralSyntaxError(source, at, `${name} is given an argument twice`);
  return { name, line: lineOf(source, at), values };
}

function readValue(reader: Reader): Literal {
  if (reader.accept('[')) return readList(reader, ']', () => readValue(reader));
  if (reader.peek().type === 'text') return reader.take('text').value;
  reader.take('name', 'None');
  return null;
}

/** Comma-separated, one more comma at the end allowed, up to the sign that closes. */
function readList<T>(reader: Reader, close: string, item: () => T): readonly T[] {
  const items: T[] = [];
  while (!reader.accept(close)) {
    items.push(item());
    if (reader.accept(',')) continue;
    reader.take('sign', close);
    break;
  }
  return items;
}
