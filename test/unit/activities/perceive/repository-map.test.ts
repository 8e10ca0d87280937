import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repositoryMap } from '../../../../activities/perceive/repository-map.ts';
import { madeTree } from '../../../helpers/made-tree.ts';

const many = (directory: string, count: number, extension = 'ts'): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `${directory}/file-${String(index).padStart(4, '0')}.${extension}`,
      'x'.repeat(100),
    ]),
  );

describe('the map of a repository', () => {
  it('shows directories with counts, then files, in the order of names', () => {
    const tree = madeTree({
      'b.ts': '',
      'a/z.ts': '',
      'a/deep/x.ts': '',
      'a/deep/y.ts': '',
      'README.md': '',
    });
    expect(repositoryMap(tree, { paths: [], budgetTokens: 1000 }).text).toBe(
      ['a/ (3 files)', '  deep/ (2 files)', '    x.ts', '    y.ts', '  z.ts', 'README.md', 'b.ts'].join('\n'),
    );
  });

  it('shows levels with nothing else in between as one', () => {
    const tree = madeTree({ 'src/main/java/com/acme/App.java': '', 'src/main/java/com/acme/Util.java': '' });
    expect(repositoryMap(tree, { paths: [], budgetTokens: 1000 }).text).toBe(
      'src/main/java/com/acme/ (2 files)\n  App.java\n  Util.java',
    );
  });

  it('keeps what is vendored or generated closed, whatever the budget', () => {
    const tree = madeTree({ ...many('node_modules/x', 10), 'a/vendor/lib.go': '', 'a/main.go': '' });
    expect(repositoryMap(tree, { paths: [], budgetTokens: 10_000 })).toMatchObject({
      text: [
        'a/ (2 files)',
        '  vendor/ (1 file, vendored or generated)',
        '  main.go',
        'node_modules/x/ (10 files, vendored or generated)',
      ].join('\n'),
      closed: 0,
    });
  });

  it('opens code before data when not all fits, and says how much is closed', () => {
    const tree = madeTree({ ...many('assets', 30, 'png'), ...many('src', 30) });
    const { text, closed } = repositoryMap(tree, { paths: [], budgetTokens: 150 });
    expect(text).toContain('  file-0000.ts');
    expect(text).not.toContain('file-0000.png');
    expect(text).toContain('assets/ (30 files)');
    expect(closed).toBe(1);
  });

  it('opens code that lies deep before data near the root', () => {
    const tree = madeTree({ ...many('assets', 30, 'png'), ...many('src/deep', 30), 'src/x.ts': '' });
    const { text } = repositoryMap(tree, { paths: [], budgetTokens: 200 });
    expect(text).toContain('    file-0000.ts');
    expect(text).not.toContain('.png');
  });

  it('opens the way to the task’s paths first', () => {
    const tree = madeTree({ ...many('src', 30), ...many('other/part/deep', 30), 'other/x.ts': '' });
    const { text } = repositoryMap(tree, { paths: ['other/part/deep'], budgetTokens: 220 });
    expect(text).toContain('    file-0000.ts');
    expect(text).toMatch(/src\/ \(30 files\)$/);
  });

  it('counts the files of a directory that has too many to show', () => {
    const { text } = repositoryMap(madeTree(many('src', 100)), { paths: [], budgetTokens: 10_000 });
    expect(text.split('\n')).toHaveLength(42);
    expect(text).toContain('… 60 more files');
  });

  it('keeps a strange name on one line', () => {
    const { text } = repositoryMap(madeTree({ 'a\nb/c\u001b[31m': '' }), { paths: [], budgetTokens: 100 });
    expect(text).toBe('"a\\nb"/ (1 file)\n  "c\\u001b[31m"');
  });

  it('never takes more than its budget, and is the same each time', () => {
    const part = fc.constantFrom('a', 'b', 'src', 'vendor', 'ünï', 'long-name-of-a-directory');
    const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => `${parts.join('/')}/f.ts`);
    fc.assert(
      fc.property(
        fc.array(path, { maxLength: 60 }),
        fc.integer({ min: 0, max: 300 }),
        (paths, budgetTokens) => {
          const tree = madeTree(Object.fromEntries(paths.map((name) => [name, 'x'])));
          const map = repositoryMap(tree, { paths: ['src'], budgetTokens });
          expect(map.tokens).toBeLessThanOrEqual(budgetTokens);
          expect(repositoryMap(tree, { paths: ['src'], budgetTokens })).toEqual(map);
        },
      ),
    );
  });

  it('of a hundred thousand files is made in one go', () => {
    const files: Record<string, string> = {};
    for (let index = 0; index < 100_000; index += 1) {
      files[`d${index % 50}/e${index % 500}/f${index % 2000}/${index}.ts`] = '';
    }
    const { tokens, closed } = repositoryMap(madeTree(files), { paths: [], budgetTokens: 4000 });
    expect(tokens).toBeLessThanOrEqual(4000);
    expect(closed).toBeGreaterThan(100);
  });
});
