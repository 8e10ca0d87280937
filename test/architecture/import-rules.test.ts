import { expect, test } from 'vitest';
import { importRules, problemsIn } from './import-rules.ts';
import { filesUnder, importsOf, productFolders, readSource } from './source-tree.ts';

const sources = productFolders.flatMap(filesUnder).filter((path) => /\.m?[jt]s$/.test(path));

test('no file imports what its folder may not', () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(sources.flatMap((path) => problemsIn(path, readSource(path)))).toEqual([]);
});

test('every folder of the product but those that compose has a rule', () => {
  expect(productFolders.filter((folder) => importRules[folder] === undefined)).toEqual(['workers', 'drill']);
});

test.each([
  ['workflows/x.ts', "import { LonghaulError } from '../contracts/error.ts';", 'only types from contracts/'],
  ['workflows/x.ts', "import fs from 'node:fs';", 'no Node modules'],
  ['workflows/x.ts', "import type { A } from '../activities/a.ts';", 'may not import activities/'],
  ['contracts/words/x.ts', "import type { A } from '../task.ts';", 'may not import contracts/'],
  ['contracts/words/x.ts', "import { z } from 'zod';", "not on the folder's list"],
  ['policy/deep/x.ts', "export { a } from '../../sandbox/a.ts';", 'may not import sandbox/'],
  ['cli/verbs/x.ts', "const a = await import('../../workers/a.ts');", 'may not import workers/'],
  ['client/x.ts', "import {\n  a,\n  b,\n} from '../workers/a.ts';", 'may not import workers/'],
  ['models/x.ts', "import '../forge/a.ts';", 'may not import forge/'],
  ['cli/verbs/x.ts', "import { a } from '../../drill/a.ts';", 'may not import drill/'],
])('a planted import in %s is found: %s', (path, source, problem) => {
  expect(problemsIn(path, source)).toEqual([expect.stringContaining(problem)]);
});

test('types from contracts, values from contracts/words and the main file of the CLI are free', () => {
  expect(problemsIn('workflows/x.ts', "import type { A } from '../contracts/task.ts';")).toEqual([]);
  expect(problemsIn('workflows/x.ts', "import { a } from '../contracts/words/sets.ts';")).toEqual([]);
  expect(problemsIn('cli/main.ts', "import { a } from '../workers/a.ts';")).toEqual([]);
});

test('every form of import is seen', () => {
  const source =
    "import a from 'a';\nimport type { b } from 'b';\nexport { c } from 'c';\nimport 'd';\nimport('e');";
  expect(importsOf('cli/x.ts', source).map(({ specifier }) => specifier)).toEqual(['a', 'b', 'c', 'd', 'e']);
});
