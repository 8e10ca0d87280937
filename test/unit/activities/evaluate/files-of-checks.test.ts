import { expect, test } from 'vitest';
import { namedByChecks } from '../../../../activities/evaluate/files-of-checks.ts';

const manifest = (scripts: object) => JSON.stringify({ scripts });

test.each([
  ['the command itself', './ci/all.sh', null, 'ci/all.sh'],
  ['an absolute path of the workspace', 'bash /workspace/ci/all.sh', null, 'ci/all.sh'],
  ['a name in a folder that it changes to', 'cd ci && bash -e all.sh', null, 'ci/all.sh'],
  ['a script', 'npm test', manifest({ test: 'node tools/run.js --all' }), 'tools/run.js'],
  ['a script by its short name', 'npm t', manifest({ test: 'node tools/run.js' }), 'tools/run.js'],
  ['a script before the script', 'npm test', manifest({ pretest: 'sh a.sh', test: 'b' }), 'a.sh'],
  ['a script of a script', 'npm test', manifest({ test: 'npm run unit', unit: "sh 'u.sh'" }), 'u.sh'],
])('%s names a script', (_, command, scripts, path) => {
  expect(namedByChecks([command], scripts)(path)).toBe(true);
  expect(namedByChecks([command], scripts)('src/other.js')).toBe(false);
});

test('source and data that a check names are what a task is to change, and no scripts', () => {
  expect(namedByChecks(['node lib/sum.js'], null)('lib/sum.js')).toBe(false);
  expect(namedByChecks(['npm test'], manifest({ test: 'node lib/sum.js' }))('lib/sum.js')).toBe(false);
  expect(namedByChecks(['test -e made.txt'], null)('made.txt')).toBe(false);
});

test('scripts that no check runs, scripts that run each other, and a broken manifest name nothing', () => {
  expect(namedByChecks(['npm test'], manifest({ test: 'x', build: 'sh b.sh' }))('b.sh')).toBe(false);
  expect(namedByChecks(['npm test'], manifest({ test: 'npm run a', a: 'npm test' }))('b.sh')).toBe(false);
  for (const broken of [null, '{', '[]', '{"scripts":null}', '{"scripts":1}', 'null'])
    expect(namedByChecks(['npm test'], broken)('b.sh')).toBe(false);
});
