import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyPatch } from '../../../../activities/patch/apply.ts';
import { pathsOf } from '../../../../activities/patch/hunk.ts';
import { parsePatch } from '../../../../activities/patch/parse.ts';

const patch = (...lines: readonly string[]) => ['*** Begin Patch', ...lines, '*** End Patch'].join('\n');

function apply(files: Readonly<Record<string, string | Uint8Array>>, text: string) {
  const parsed = parsePatch(text);
  if (!parsed.ok) return { reason: parsed.reason };
  const read = new Map(
    Object.entries(files).map(([path, bytes]) => [path, new Uint8Array(Buffer.from(bytes))]),
  );
  const applied = applyPatch(parsed.hunks, read);
  if (!applied.ok) return { reason: applied.reason };
  const text_ = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString('utf8'));
  return {
    summary: applied.summary,
    files: Object.fromEntries(applied.writes.map((write) => [write.path, text_(write.bytes)])),
    moved: Object.fromEntries(
      applied.writes.filter((write) => write.movedFrom).map((write) => [write.path, write.movedFrom]),
    ),
  };
}

describe('a patch', () => {
  test('adds, changes, moves and deletes files, and says so', () => {
    const result = apply(
      { 'a.txt': 'one\ntwo\nthree\n', 'old.txt': 'x\n', 'gone.txt': 'bye\n' },
      patch(
        '*** Add File: dir/new.txt',
        '+first',
        '+',
        '+third',
        '*** Update File: a.txt',
        '@@',
        ' one',
        '-two',
        '+TWO',
        ' three',
        '*** Update File: old.txt',
        '*** Move to: new/place.txt',
        '@@',
        '-x',
        '+y',
        '*** Delete File: gone.txt',
      ),
    );
    expect(result).toEqual({
      summary: 'Success. Updated the following files:\nA dir/new.txt\nM a.txt\nM new/place.txt\nD gone.txt',
      files: {
        'dir/new.txt': 'first\n\nthird\n',
        'a.txt': 'one\nTWO\nthree\n',
        'old.txt': null,
        'new/place.txt': 'y\n',
        'gone.txt': null,
      },
      moved: { 'new/place.txt': 'old.txt' },
    });
  });

  test('changes nothing when one of its files does not fit', () => {
    const result = apply(
      { 'a.txt': 'one\n' },
      patch('*** Add File: b.txt', '+b', '*** Update File: a.txt', '@@', '-two', '+2'),
    );
    expect(result).toEqual({ reason: 'verification failed: Failed to find expected lines in a.txt:\ntwo' });
  });

  test('moves a file without changing it', () => {
    const bytes = new Uint8Array([0, 1, 2, 255]);
    const result = applyPatch(
      [{ kind: 'update', path: 'a.bin', moveTo: 'b.bin', changes: [] }],
      new Map([['a.bin', bytes]]),
    );
    expect(result).toMatchObject({
      ok: true,
      writes: [
        { path: 'a.bin', bytes: null },
        { path: 'b.bin', bytes, movedFrom: 'a.bin' },
      ],
    });
  });

  test('sees in a later hunk what an earlier one did', () => {
    const text = patch(
      '*** Delete File: a',
      '*** Add File: a',
      '+new',
      '*** Update File: a',
      '@@',
      '-new',
      '+newer',
    );
    expect(apply({ a: 'old\n' }, text)).toMatchObject({ files: { a: 'newer\n' } });
  });

  test('writes nothing for a file that it adds and deletes', () => {
    expect(apply({}, patch('*** Add File: a', '+x', '*** Delete File: a')).files).toEqual({});
  });

  test('makes any new version of any text that it quotes line by line', () => {
    const line = fc.string({
      unit: fc.constantFrom('a', 'b', ' ', '\t', '-', '+', '@', '*', 'é'),
      maxLength: 4,
    });
    const op = fc.record({ op: fc.constantFrom(' ', '-', '+'), text: line });
    fc.assert(
      fc.property(
        fc.array(op, { minLength: 1, maxLength: 20 }),
        fc.constantFrom('\n', '\r\n'),
        (ops, eol) => {
          const side = (not: string) =>
            ops
              .filter((one) => one.op !== not)
              .map((one) => one.text + eol)
              .join('');
          const hunk = {
            kind: 'update',
            path: 'f',
            moveTo: null,
            changes: [{ contexts: [], lines: ops, endOfFile: false }],
          } as const;
          const applied = applyPatch([hunk], new Map([['f', Buffer.from(side('+'))]]));
          const [write] = applied.ok ? applied.writes : [];
          const after = Buffer.from(write === undefined ? side('+') : (write.bytes ?? '')).toString('utf8');
          const newEol = side('+') === '' ? '\n' : eol;
          expect(after).toBe(side('-').replaceAll(eol, newEol));
        },
      ),
    );
  });

  test('of any text is read or refused, never a crash', () => {
    const part = fc.constantFrom(
      '*** Begin Patch',
      '*** End Patch',
      '*** Add File: a',
      '*** Update File: a',
      '*** Move to: b',
      '*** Delete File: c',
      '@@',
      '@@ x',
      '+x',
      '-x',
      ' x',
      '',
      '*** End of File',
      'x',
      '***',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (lines) => {
        const parsed = parsePatch(['*** Begin Patch', ...lines, '*** End Patch'].join('\n'));
        if (parsed.ok) applyPatch(parsed.hunks, new Map([['a', Buffer.from('x\nx\n')]]));
        expect(parsed.ok || parsed.reason.length > 0).toBe(true);
      }),
    );
  });

  test('names every path it touches', () => {
    const parsed = parsePatch(
      patch('*** Update File: a', '*** Move to: b', '*** Delete File: c', '*** Add File: a', '+x'),
    );
    expect(parsed.ok && pathsOf(parsed.hunks)).toEqual(['a', 'b', 'c']);
  });
});

describe('finding lines', () => {
  const rows: readonly (readonly [string, string, readonly string[], string])[] = [
    [
      'prefers an exact match to a looser one above it',
      'a \nb\na\nb\n',
      ['@@', '-a', '+A', ' b'],
      'a \nb\nA\nb\n',
    ],
    ['prefers other trailing space to other indentation', ' a\na \n', ['@@', '-a', '+A'], ' a\nA\n'],
    [
      'takes empty lines before the next header for nothing',
      'x\nz\n',
      ['@@', '-x', '+y', '', '', '*** Add File: g', '+g'],
      'y\nz\n',
    ],
    ['ignores trailing space', 'a  \nb\n', ['@@', '-a', '+A'], 'A\nb\n'],
    ['ignores indentation', '    a\nb\n', ['@@', '-a', '+A'], 'A\nb\n'],
    ['takes plain punctuation for typographic', 'say “hi” – now\n', ['@@', '-say "hi" - now', '+x'], 'x\n'],
    ['keeps the lines of the file where context differs', '\ta\nb\n', ['@@', ' a', '-b', '+B'], '\ta\nB\n'],
    ['begins below the context line', 'f:\n x\ng:\n x\n', ['@@ g:', '- x', '+ y'], 'f:\n x\ng:\n y\n'],
    ['finds a method by its class', 'A\nf\n1\nB\nf\n1\n', ['@@ B', '@@ f', '-1', '+2'], 'A\nf\n1\nB\nf\n2\n'],
    [
      'takes a context line that is repeated in the change',
      'f\n1\ng\n1\n',
      ['@@ g', ' g', '-1', '+2'],
      'f\n1\ng\n2\n',
    ],
    ['goes on below the change before', 'x\nx\n', ['@@', '-x', '+1', '@@', '-x', '+2'], '1\n2\n'],
    ['ties a change to the end of the file', 'x\ny\nx\n', ['@@', '-x', '+z', '*** End of File'], 'x\ny\nz\n'],
    ['adds at the end without context', 'a\n', ['@@', '+b'], 'a\nb\n'],
    ['adds below the context line', 'a\nb\n', ['@@ a', '+x'], 'a\nx\nb\n'],
    ['needs no @@ for the first change', 'a\n', ['-a', '+b'], 'b\n'],
    ['takes an empty line for a kept empty one', 'a\n\nb\n', ['@@', ' a', '', '-b', '+B'], 'a\n\nB\n'],
    ['takes a last empty line for the end of the file', 'a\n', ['@@', '-a', '-', '+b'], 'b\n'],
    ['keeps CRLF', 'a\r\nb\r\nc\r\n', ['@@', ' a', '-b', '+B', ' c'], 'a\r\nB\r\nc\r\n'],
    ['keeps a missing last line end that it does not touch', 'a\nb', ['@@', '-a', '+A'], 'A\nb'],
    ['ends a last line that it writes', 'a\nb', ['@@', '-b', '+B'], 'a\nB\n'],
    ['adds behind a last line without an end', 'a', ['@@', ' a', '+b'], 'a\nb\n'],
    ['empties a file', 'a\n', ['@@', '-a'], ''],
    ['fills an empty file', '', ['@@', '+a'], 'a\n'],
  ];
  test.each(rows)('%s', (_title, before, lines, after) => {
    expect(apply({ f: before }, patch('*** Update File: f', ...lines))).toMatchObject({
      files: { f: after },
    });
  });

  test('keeps bytes that are no UTF-8 in lines it does not touch', () => {
    const parsed = parsePatch(patch('*** Update File: f', '@@', '-a', '+b'));
    const applied = parsed.ok
      ? applyPatch(parsed.hunks, new Map([['f', Buffer.from('a\n\xe9t\xe9\n', 'latin1')]]))
      : parsed;
    expect(applied.ok && 'writes' in applied && applied.writes[0]?.bytes).toEqual(
      new Uint8Array(Buffer.from('b\n\xe9t\xe9\n', 'latin1')),
    );
  });

  test.each([
    [
      'a missing file',
      {},
      ['*** Update File: f', '@@', '-a'],
      'verification failed: Failed to read f: no such file',
    ],
    [
      'a missing file to delete',
      {},
      ['*** Delete File: f'],
      'verification failed: Failed to delete f: no such file',
    ],
    [
      'a missing context line',
      { f: 'a\n' },
      ['*** Update File: f', '@@ zz', '-a'],
      "verification failed: Failed to find context 'zz' in f",
    ],
    [
      'a binary file',
      { f: 'a\0\n' },
      ['*** Update File: f', '@@', '-a'],
      'verification failed: f is a binary file, which a patch cannot change',
    ],
    [
      'a file that would be a folder',
      {},
      ['*** Add File: f', '+x', '*** Add File: f/g', '+y'],
      'patch rejected: f cannot be a file, as f/g lies in it',
    ],
  ] as const)('refuses %s', (_title, files, lines, reason) => {
    expect(apply(files, patch(...lines))).toEqual({ reason });
  });
});

describe('reading a patch', () => {
  test.each([
    ['CRLF', patch('*** Add File: a', '+x').replaceAll('\n', '\r\n')],
    ['space around it', `\n  ${patch('*** Add File: a', '+x')}  \n`],
    ['a here-document', `<<'EOF'\n${patch('*** Add File: a', '+x')}\nEOF`],
    ['a code fence', `\`\`\`patch\n${patch('*** Add File: a', '+x')}\n\`\`\``],
  ])('tolerates %s', (_title, text) => {
    expect(parsePatch(text)).toEqual({ ok: true, hunks: [{ kind: 'add', path: 'a', lines: ['x'] }] });
  });

  test.each([
    ['no patch', 'hello', "invalid patch: the first line must be '*** Begin Patch'"],
    ['no end', '*** Begin Patch\n*** Delete File: a', "invalid patch: the last line must be '*** End Patch'"],
    ['no hunk', patch(), 'invalid patch: it changes no file'],
    ['no header', patch('foo'), "invalid hunk at line 2 of the patch: 'foo' is not a file's header"],
    [
      'an empty update',
      patch('*** Update File: a'),
      "invalid hunk at line 3 of the patch: the update of 'a' changes nothing",
    ],
    [
      'an update that goes on wrongly',
      patch('*** Update File: a', '@@', '-x', 'y'),
      "invalid hunk at line 5 of the patch: a further change begins with '@@', got 'y'",
    ],
    [
      'a line without prefix',
      patch('*** Update File: a', '@@', 'y'),
      "invalid hunk at line 4 of the patch: unexpected line 'y'",
    ],
  ])('says what is wrong with %s', (_title, text, reason) => {
    expect(parsePatch(text)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });

  test.each([
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a/..',
    '..',
    'C:\\x',
    '\\x',
    'a\\..\\x',
    '.git/config',
    '.GIT/config',
    'sub/.git/hooks/x',
    '.git /x',
    '.git./x',
    '.git::$INDEX_ALLOCATION/x',
    'git~1/x',
    '.g\u200cit/x',
    'a\\.git\\x',
    '.git',
    'dir/',
    '.',
    'a\0b',
    'x'.repeat(5000),
  ])('refuses the path %j', (path) => {
    expect(parsePatch(patch(`*** Add File: ${path}`, '+x'))).toMatchObject({ ok: false });
    expect(parsePatch(patch('*** Update File: fine', `*** Move to: ${path}`))).toMatchObject({ ok: false });
  });

  test.each([
    ['./a//b', 'a/b'],
    ['.gitignore', '.gitignore'],
    ['.github/x', '.github/x'],
    ['a..b', 'a..b'],
    ['git~10', 'git~10'],
  ])('takes the path %s as %s', (path, normal) => {
    expect(parsePatch(patch(`*** Delete File: ${path}`))).toEqual({
      ok: true,
      hunks: [{ kind: 'delete', path: normal }],
    });
  });
});
