import { expect, it } from 'vitest';
import { findLanguages } from '../../../../activities/perceive/languages.ts';
import { madeTree } from '../../../helpers/made-tree.ts';

it('languages are told by extension, with their shares of bytes, the largest first', () => {
  const tree = madeTree({
    'a.ts': 'x'.repeat(60),
    'b.tsx': 'x'.repeat(15),
    'c.py': 'x'.repeat(25),
    'README.md': 'x'.repeat(900),
  });
  expect(findLanguages(tree)).toEqual([
    { language: 'TypeScript', bytes: 75, files: 2, share: 0.75 },
    { language: 'Python', bytes: 25, files: 1, share: 0.25 },
  ]);
});

it('vendored, generated and linked files do not count', () => {
  const tree = madeTree({
    'main.go': 'x',
    'vendor/lib.c': 'x'.repeat(100),
    'web/node_modules/x/index.js': 'x'.repeat(100),
    'api/service.pb.go': 'x'.repeat(100),
    'assets/app.min.js': 'x'.repeat(100),
    'link.rs': { link: 'main.go' },
  });
  expect(findLanguages(tree).map(({ language, bytes }) => [language, bytes])).toEqual([['Go', 1]]);
});

it('a repository without code has none, and a name is no extension', () => {
  expect(findLanguages(madeTree({ LICENSE: 'x', '.ts': 'x', 'notes.txt': 'x' }))).toEqual([]);
  expect(findLanguages(madeTree({ 'empty.py': '' }))).toEqual([
    { language: 'Python', bytes: 0, files: 1, share: 0 },
  ]);
});
