import { describe, expect, it } from 'vitest';
import {
  type ChangedText,
  type ConcernsInput,
  findConcerns,
} from '../../../../activities/evaluate/concerns.ts';
import type { FileChange } from '../../../../contracts/task-repository.ts';

function change(path: string, rest: Partial<FileChange> = {}): FileChange {
  return { path, status: 'modified', fromPath: null, linesAdded: 1, linesRemoved: 1, ...rest };
}

function kinds(changes: readonly FileChange[], rest: Partial<ConcernsInput> = {}): string[] {
  const found = findConcerns({
    changes,
    texts: new Map(),
    isProtected: () => false,
    isNamedByCheck: () => false,
    paths: [],
    ...rest,
  });
  return found.map((concern) => `${concern.kind} ${concern.path}`);
}

function edited(path: string, before: string | null, after: string | null): string[] {
  return kinds([change(path)], { texts: new Map<string, ChangedText>([[path, { before, after }]]) });
}

describe('a test that is gone', () => {
  it.each([
    ['src/a.test.ts'],
    ['pkg/add_test.go'],
    ['tests/test_a.py'],
    ['test_a.py'],
    ['spec/a_spec.rb'],
    ['src/test/java/ATest.java'],
    ['src/__tests__/a.js'],
    ['tests/fixtures/a.json'],
  ])('%s is a concern when deleted', (path) => {
    expect(kinds([change(path, { status: 'deleted' })])).toEqual([`test_removed ${path}`]);
  });

  it('is one when renamed to what is no test, and none when it stays one or was none', () => {
    expect(kinds([change('src/a.ts', { status: 'renamed', fromPath: 'src/a.test.ts' })])).toEqual([
      'test_removed src/a.test.ts',
    ]);
    expect(kinds([change('test/x.md', { status: 'renamed', fromPath: 'test/y.md' })])).toEqual([]);
    expect(kinds([change('src/latest.ts', { status: 'deleted' })])).toEqual([]);
  });
});

describe('a test that is skipped', () => {
  it.each([
    ['a.test.ts', "it('a', f)", "it.skip('a', f)"],
    ['a.test.ts', "it('a', f)", "it.only('a', f)"],
    ['a.test.ts', "it('a', f)", "it('a', f); xit('b', f)"],
    ['a.spec.js', "test('a', f)", "test.todo('a'); test('b', f)"],
    ['a.test.js', "test('a', f)", "test('a', { todo: true }, f)"],
    ['a.test.js', "test('a', f)", "test('a', { 'skip': 'later' }, f)"],
    ['a.test.js', "test('a', f)", "test('a', { only: !0 }, f)"],
    ['test_a.py', 'def test_a(): pass', '@pytest.mark.skip\ndef test_a(): pass'],
    ['test_a.py', 'def test_a(): pass', '@unittest.skipIf(True, "x")\ndef test_a(): pass'],
    ['a_test.go', 'func TestA(t *testing.T) {}', 'func TestA(t *testing.T) { t.Skip("x") }'],
    ['tests/a.rs', '#[test]\nfn a() {}', '#[test]\n#[ignore]\nfn a() {}'],
    ['ATest.java', '@Test void a() {}', '@Disabled @Test void a() {}'],
    ['a_spec.rb', "it 'a' do", "it 'a', skip: true do"],
  ])('%s: %j to %j is a concern', (path, before, after) => {
    expect(edited(path, before, after)).toContain(`test_skipped ${path}`);
  });

  it('is none when the mark was there before', () => {
    expect(edited('a.test.ts', "it.skip('a', f)", "it.skip('a', f); it('b', f)")).toEqual([]);
    expect(edited('a.test.js', "test('a', f)", "test('a', { skip: false, todo: undefined }, f)")).toEqual([]);
  });

  it('is one in a new file as well', () => {
    const texts = new Map([['a.test.ts', { before: null, after: "it.skip('a', f)" }]]);
    expect(kinds([change('a.test.ts', { status: 'added' })], { texts })).toEqual(['test_skipped a.test.ts']);
  });
});

describe('a test that checks less', () => {
  it.each([
    ['fewer cases', 'a.test.ts', "it('a', f); it('b', f)", "it('a', f)"],
    ['fewer checks', 'a.test.ts', 'expect(a).toBe(1); expect(b).toBe(2)', 'expect(a).toBe(1)'],
    ['a check in a comment', 'a.test.ts', 'expect(a).toBe(1)', '// expect(a).toBe(1)'],
    ['a check in a block comment', 'a.test.ts', 'expect(a).toBe(1)', '/* expect(a).toBe(1) */'],
    ['a check that cannot fail', 'a.test.ts', 'expect(a).toBe(1)', 'expect(true).toBe(true)'],
    ['an assert less', 'test_a.py', 'def test_a():\n  assert a\n  assert b', 'def test_a():\n  assert a'],
    ['an assert of True', 'test_a.py', '  assert a', '  assert True'],
    ['an error less', 'a_test.go', 't.Fatal("x")', 't.Log("x")'],
    ['a macro less', 'tests/a.rs', 'assert_eq!(a, b);', 'let _ = (a, b);'],
  ])('%s is a concern', (_, path, before, after) => {
    expect(edited(path, before, after)).toEqual([`test_weakened ${path}`]);
  });

  it('is a concern when it cannot be compared', () => {
    expect(edited('a.test.ts', null, 'x')).toEqual(['test_weakened a.test.ts']);
  });

  it('is none when it checks as much or more, or is no code', () => {
    expect(edited('a.test.ts', 'expect(a).toBe(1)', 'expect(b).toBe(2); expect(c).toBe(3)')).toEqual([]);
    expect(edited('tests/data.json', null, null)).toEqual([]);
    expect(edited('a.test.ts', "expect(get('http://x')).toBe(1)", "expect(get('http://y')).toBe(1)")).toEqual(
      [],
    );
  });
});

describe('paths and size', () => {
  it('a protected path is a concern, also where it came from', () => {
    const isProtected = (path: string): boolean => path.startsWith('.github/');
    expect(kinds([change('.github/a.yml')], { isProtected })).toEqual(['protected_path .github/a.yml']);
    expect(
      kinds([change('b.yml', { status: 'renamed', fromPath: '.github/a.yml' })], { isProtected }),
    ).toEqual(['protected_path .github/a.yml']);
  });

  it.each([
    ['src/a.ts', ['src'], 0],
    ['src/a.ts', ['./src/'], 0],
    ['src/a.ts', ['src/*.ts'], 0],
    ['srcx/a.ts', ['src'], 1],
    ['src/a.ts', [], 0],
    ['src/a.ts', ['.'], 0],
  ])('%s with the paths %j gives %i concerns', (path, paths, expected) => {
    expect(kinds([change(path)], { paths })).toHaveLength(expected);
  });

  it('many deleted files, or many lines less, are one concern', () => {
    const deleted = Array.from({ length: 11 }, (_, index) =>
      change(`src/${index}.ts`, { status: 'deleted', linesAdded: 0, linesRemoved: index }),
    );
    expect(kinds(deleted)).toEqual(['large_deletion src/10.ts']);
    expect(kinds([change('a.ts', { linesAdded: 0, linesRemoved: 1001 })])).toEqual(['large_deletion a.ts']);
    expect(kinds([change('a.ts', { linesAdded: 1500, linesRemoved: 2000 })])).toEqual([]);
  });

  it('no more than 20 are given, and the last says how many more there are', () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      change(`test/${index}.test.ts`, { status: 'deleted' }),
    );
    const found = findConcerns({
      changes: many,
      texts: new Map(),
      isProtected: () => false,
      isNamedByCheck: () => false,
      paths: [],
    });
    expect(found).toHaveLength(20);
    expect(found[19]?.detail).toContain('and 11 more concerns');
  });
});
