import { describe, expect, it } from 'vitest';
import { parseCommand } from '../../../policy/parse-command.ts';

function read(line: string): string[] {
  const parsed = parseCommand(['bash', '-c', line]);
  if (parsed.status === 'unparseable') return ['unparseable'];
  const own = parsed.commands.filter((command) => !command.wrapped);
  return own.map((command) =>
    command.words.map((word) => (word.certainty === 'literal' ? word.text : `<${word.certainty}>`)).join('|'),
  );
}

function features(line: string): readonly string[] {
  const parsed = parseCommand(['bash', '-c', line]);
  return parsed.status === 'parsed' ? parsed.features : ['unparseable'];
}

describe('a command line is read into the words that programs get', () => {
  it.each([
    ['ls -la src', ['ls|-la|src']],
    ["echo 'a b' \"c d\" e\\ f $'\\x67'", ['echo|a b|c d|e f|g']],
    ['a && b || c; d | e', ['a', 'b', 'c', 'd', 'e']],
    ['a\nb # c\n# d', ['a', 'b']],
    ['if a; then b; elif c; then d; else e; fi', ['a', 'b', 'c', 'd', 'e']],
    ['bash -c \'sh -lc "a b"\'', ['a|b']],
    ['echo $x', ['echo|<unknown>']],
    ['echo "$x"', ['echo|<unknown>']],
    ['cat ~/x', ['cat|<unknown>']],
    ['cat src/*.ts', ['cat|<glob>']],
    ['cat {a,b}', ['cat|<unknown>']],
    ['for f in src/*.ts; do wc "$f"; done', ['wc|<glob>']],
    ['for f in a b; do wc "$f"; done', ['wc|<unknown>']],
    ['make X=1', ['make|X=1']],
    ["echo 'x", ['unparseable']],
  ])('%s', (line, expected) => {
    expect(read(line)).toEqual(expected);
  });

  it('also those inside substitutions', () => {
    expect(read('echo "$(a b)"')).toEqual(['echo|<unknown>', 'a|b']);
    expect(read(`echo $\{x:-$(a)}`)).toContain('a');
    expect(read('cat <(a)')).toContain('a');
    expect(read('cat <<E\n$(a)\nE')).toContain('a');
  });
});

it.each([
  ['a $(b)', 'substitution'],
  ['a() { b; }', 'function'],
  ['a &', 'background'],
  ['cat <<E\nx\nE', 'here-document'],
  ['cat <<< x', 'here-document'],
  ['((x))', 'arithmetic'],
  ['[[ -f x ]]', 'test expression'],
  ['coproc a', 'coprocess'],
  ['case a in a) b;; esac', 'case'],
  ['x=(a b)', 'array'],
  ['for f in a; do f=b; cat "$f"; done', 'reassigned loop variable'],
  ['echo "\\"; a; \\""', 'string with escaped quotes'],
  ['for f in a; do read f; cat "$f"; done', 'reassigned loop variable'],
])('%j is said to hold a %s', (line, feature) => {
  expect(features(line)).toContain(feature);
});

it.each(['a | b && (c; { d; })', 'a 2>&1 > /dev/null', 'if a; then b; fi', 'X=1 a'])(
  '%j holds nothing that words do not show',
  (line) => {
    expect(features(line)).toEqual([]);
  },
);

it('shells in shells beyond eight levels are not read', () => {
  let line = 'a';
  for (let level = 0; level < 12; level += 1) line = `bash -c ${JSON.stringify(line).replaceAll('$', '\\$')}`;
  expect(read(line)).toEqual(['unparseable']);
});
