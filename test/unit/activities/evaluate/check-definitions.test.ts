import { expect, test } from 'vitest';
import { checkConcerns, definesChecks } from '../../../../activities/evaluate/check-definitions.ts';
import type { FileChange } from '../../../../contracts/task-repository.ts';

const change = (path: string, status: FileChange['status'] = 'modified'): FileChange => ({
  path,
  status,
  fromPath: null,
  linesAdded: 1,
  linesRemoved: 1,
});
const manifest = (scripts: object, more = {}) => JSON.stringify({ name: 'x', scripts, ...more });
const compared = (path: string, before: string | null, after: string | null) =>
  checkConcerns([change(path)], new Map([[path, { before, after }]]), () => false).map(
    ({ detail }) => detail,
  );

test.each([
  ['a script that was made to pass', { test: 'node --test' }, { test: 'true' }, ['test']],
  ['a script that is gone', { test: 'node --test', lint: 'x' }, { test: 'node --test' }, ['lint']],
  [
    'a script that came, such as pretest',
    { test: 'node --test' },
    { test: 'node --test', pretest: 'rm -r test' },
    ['pretest'],
  ],
])('%s is a concern', (_, before, after, names) => {
  expect(compared('package.json', manifest(before), manifest(after))).toEqual([
    `What the checks run was changed. Changed: ${names.join(', ')}.`,
  ]);
});

test('a manifest whose scripts are the same is none', () => {
  const scripts = { test: 'node --test' };
  expect(compared('package.json', manifest(scripts), manifest(scripts, { version: '2.0.0' }))).toEqual([]);
});

test("a test tool's settings in the manifest are a concern", () => {
  const scripts = { test: 'jest' };
  const after = manifest(scripts, { jest: { testPathIgnorePatterns: ['money'] } });
  expect(compared('package.json', manifest(scripts), after)).toEqual([
    'What the checks run was changed. Changed: jest.',
  ]);
});

test.each([
  ['broken by the change', manifest({}), '{'],
  ['not to be read', manifest({}), null],
])('a manifest that is %s is a concern', (_, before, after) => {
  expect(compared('package.json', before, after)).toEqual([
    'What the checks run was changed. It changed and cannot be compared.',
  ]);
});

test('of pyproject.toml only what the test tools read counts', () => {
  const before = '[project]\nversion = "1"\n[tool.pytest.ini_options]\naddopts = "-q"\n';
  expect(compared('pyproject.toml', before, before.replace('"1"', '"2"'))).toEqual([]);
  expect(compared('pyproject.toml', before, before.replace('-q', '--ignore=tests'))).toEqual([
    'What the checks run was changed. Changed: pytest.',
  ]);
});

test.each([
  'Makefile',
  'web/vitest.config.ts',
  'pytest.ini',
  '.mocharc.json',
  'conftest.py',
  'jest.config.js',
  'tsconfig.json',
  'web/tsconfig.build.json',
  'eslint.config.js',
  '.eslintrc.cjs',
  'biome.json',
  'ruff.toml',
])('%s says how checks run, whatever was changed in it', (path) => {
  for (const status of ['added', 'deleted', 'modified'] as const)
    expect(checkConcerns([change(path, status)], new Map(), () => false)).toMatchObject([
      { kind: 'check_changed', path },
    ]);
});

test('a new manifest and other files are none', () => {
  expect(
    checkConcerns([change('package.json', 'added'), change('src/a.ts')], new Map(), () => false),
  ).toEqual([]);
  expect(['package.json', 'web/package.json', 'package-lock.json'].map(definesChecks)).toEqual([
    true,
    true,
    false,
  ]);
});

test('a file that a check names is a concern, whatever it is called', () => {
  const named = (path: string) => path === 'ci/all.sh';
  for (const status of ['added', 'deleted', 'modified'] as const)
    expect(
      checkConcerns([change('ci/all.sh', status), change('ci/one.sh', status)], new Map(), named),
    ).toEqual([
      {
        kind: 'check_changed',
        path: 'ci/all.sh',
        detail: `What the checks run was changed. A check names the file, which was ${status}.`,
      },
    ]);
});

test('installed packages in the change are one concern, however many files they are', () => {
  const files = ['node_modules/.bin/node', 'node_modules/a/tsconfig.json'].map((path) =>
    change(path, 'added'),
  );
  expect(checkConcerns(files, new Map(), () => false)).toMatchObject([
    { kind: 'check_changed', path: 'node_modules/.bin/node', detail: expect.stringContaining('2 files') },
  ]);
});
