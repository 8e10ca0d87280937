import { describe, expect, it } from 'vitest';
import { findChecks } from '../../../../activities/perceive/find-checks.ts';
import { readManifests } from '../../../../activities/perceive/manifests.ts';
import { madeTree } from '../../../helpers/made-tree.ts';

async function commandsOf(
  files: Readonly<Record<string, string>>,
  paths: readonly string[] = [],
): Promise<readonly string[]> {
  const tree = madeTree(files);
  return findChecks(tree, await readManifests(tree, paths)).map(({ command }) => command);
}

const scripts = (value: Readonly<Record<string, string>>): string => JSON.stringify({ scripts: value });

describe('the checks of a repository', () => {
  it('are the scripts of package.json that judge, and have the file that says so', async () => {
    const tree = madeTree({
      'package.json': scripts({ build: 'tsc', test: 'vitest run', typecheck: 'tsc', lint: 'eslint .' }),
    });
    expect(findChecks(tree, await readManifests(tree, []))).toEqual([
      { name: 'npm test', command: 'npm test', from: 'package.json' },
      { name: 'npm run typecheck', command: 'npm run typecheck', from: 'package.json' },
      { name: 'npm run lint', command: 'npm run lint', from: 'package.json' },
    ]);
  });

  it.each([
    ['package-lock.json', 'npm test', 'npm run lint'],
    ['pnpm-lock.yaml', 'pnpm test', 'pnpm run lint'],
    ['yarn.lock', 'yarn test', 'yarn run lint'],
    ['bun.lock', 'bun run test', 'bun run lint'],
  ])('with %s are run as %s', async (lock, test, lint) => {
    expect(await commandsOf({ 'package.json': scripts({ test: 'x', lint: 'y' }), [lock]: '' })).toEqual([
      test,
      lint,
    ]);
  });

  it('are run by the package manager that package.json names, whatever lock files are there', async () => {
    const manifest = JSON.stringify({ packageManager: 'yarn@4.1.0', scripts: { test: 'x' } });
    expect(await commandsOf({ 'package.json': manifest, 'package-lock.json': '{}' })).toEqual(['yarn test']);
  });

  it.each([
    'echo "Error: no test specified" && exit 1',
    'jest --watch',
    'jest --watchAll',
    'eslint --fix .',
    'prettier --write .',
    '  ',
  ])('do not count %j', async (script) => {
    expect(await commandsOf({ 'package.json': scripts({ test: script }) })).toEqual([]);
  });

  it('count a script that says it does not watch', async () => {
    expect(await commandsOf({ 'package.json': scripts({ test: 'jest --watchAll=false' }) })).toEqual([
      'npm test',
    ]);
  });

  it.each([
    [{ 'pyproject.toml': '[tool.pytest.ini_options]\nq = 1\n' }],
    [{ 'pyproject.toml': '[project.optional-dependencies]\ntest = ["pytest>=7"]\n' }],
    [{ 'pytest.ini': '[pytest]\n' }],
    [{ 'tox.ini': '[testenv]\ncommands = pytest\n' }],
    [{ 'setup.cfg': '[tool:pytest]\n' }],
    [{ 'requirements-dev.txt': 'pytest==8.0\n' }],
    [{ 'setup.py': '', 'tests/test_a.py': '' }],
  ])('are those of pytest with %j', async (files) => {
    expect(await commandsOf(files)).toEqual(['python3 -m pytest -q']);
  });

  it('are none for Python without a sign of tests', async () => {
    expect(await commandsOf({ 'setup.py': '', 'a.py': '', 'tox.ini': '[flake8]\n' })).toEqual([]);
  });

  it('are those of Go and Rust', async () => {
    expect(await commandsOf({ 'go.mod': 'module x\n' })).toEqual(['go test ./...', 'go vet ./...']);
    expect(await commandsOf({ 'Cargo.toml': '[package]\nname = "x"\n' })).toEqual(['cargo test']);
    expect(await commandsOf({ 'Cargo.toml': '[workspace]\nmembers = ["a"]\n' })).toEqual([
      'cargo test --workspace',
    ]);
  });

  it('are the targets of a Makefile where no manifest gives the like', async () => {
    const makefile = 'CC := gcc\ntest lint: all\n\tx\n.PHONY: test\ncheck::\n\tx\n';
    expect(await commandsOf({ Makefile: makefile })).toEqual(['make test', 'make lint']);
    expect(await commandsOf({ Makefile: 'check:\n\tx\n' })).toEqual(['make check']);
    expect(await commandsOf({ Makefile: makefile, 'package.json': scripts({ test: 'x' }) })).toEqual([
      'npm test',
      'make lint',
    ]);
    expect(await commandsOf({ Makefile: 'test := 1\ntest = 2\ntests:\n\tx\n' })).toEqual([]);
  });

  it('of the directory nearest to the task’s paths count where the root has none', async () => {
    const files = {
      'a/package.json': scripts({ test: 'x' }),
      "a/b's c/go.mod": 'module x\n',
      "a/b's c/x.go": '',
    };
    expect(await commandsOf(files)).toEqual([]);
    expect(await commandsOf(files, ['a/src'])).toEqual(['cd a && npm test']);
    expect(await commandsOf(files, ["a/b's c/x.go"])).toEqual([
      "cd './a/b'\\''s c' && go test ./...",
      "cd './a/b'\\''s c' && go vet ./...",
    ]);
    expect(await commandsOf({ ...files, 'go.mod': 'module y\n' }, ['a'])).toEqual([
      'go test ./...',
      'go vet ./...',
    ]);
  });
});
