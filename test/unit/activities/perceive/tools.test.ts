import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChecks } from '../../../../activities/perceive/find-checks.ts';
import { readManifests } from '../../../../activities/perceive/manifests.ts';
import { findSetupInputs } from '../../../../activities/perceive/setup-inputs.ts';
import { findTools } from '../../../../activities/perceive/tools.ts';
import { madeTree } from '../../../helpers/made-tree.ts';

async function toolsOf(files: Readonly<Record<string, string>>, paths: readonly string[] = []) {
  const tools = findTools(await readManifests(madeTree(files), paths));
  return Object.fromEntries(tools.map(({ name, version }) => [name, version]));
}

const manifest = (value: object): string => JSON.stringify(value);

describe('the tools of a Node repository', () => {
  const wanted = manifest({
    engines: { node: '>=20' },
    dependencies: { react: '^18.0.0', left: '1' },
    devDependencies: { typescript: '~5.4.0' },
  });

  it('have the versions that npm’s lock file names, of any of its formats', async () => {
    const modern = {
      packages: {
        'node_modules/react': { version: '18.3.1' },
        'node_modules/typescript': { version: '5.4.5' },
      },
    };
    const old = { dependencies: { react: { version: '18.3.1' }, typescript: { version: '5.4.5' } } };
    for (const lock of [modern, old]) {
      expect(await toolsOf({ 'package.json': wanted, 'package-lock.json': manifest(lock) })).toEqual({
        node: '>=20',
        npm: null,
        react: '18.3.1',
        typescript: '5.4.5',
      });
    }
  });

  it('have the versions of pnpm’s, without the peers they were resolved with', async () => {
    const lock = `lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      react: {specifier: ^18.0.0, version: 18.3.1}
  packages/web:
    devDependencies:
      typescript:
        specifier: ~5.4.0
        version: 5.4.5(@types/node@20.0.0)
`;
    expect(await toolsOf({ 'package.json': wanted, 'pnpm-lock.yaml': lock })).toMatchObject({
      pnpm: null,
      react: '18.3.1',
      typescript: '~5.4.0',
    });
    const nested = { 'package.json': '{}', 'packages/web/package.json': wanted, 'pnpm-lock.yaml': lock };
    expect(await toolsOf(nested, ['packages/web'])).toMatchObject({ typescript: '5.4.5' });
  });

  it.each([
    ['classic', 'react@^18.0.0:\n  version "18.3.1"\n  resolved "x"\n'],
    ['berry', '"react@npm:^18.0.0":\n  version: 18.3.1\n  resolution: "x"\n'],
  ])('have the versions of yarn’s lock file (%s)', async (_, lock) => {
    expect(await toolsOf({ 'package.json': wanted, 'yarn.lock': lock })).toMatchObject({
      yarn: null,
      react: '18.3.1',
    });
  });

  it('have the ranges of package.json where nothing is locked', async () => {
    expect(await toolsOf({ 'package.json': wanted })).toEqual({
      node: '>=20',
      npm: null,
      react: '^18.0.0',
      typescript: '~5.4.0',
    });
  });

  it('have the package manager that package.json names, and the Node that is pinned beside it', async () => {
    const files = {
      'package.json': manifest({ packageManager: 'pnpm@9.1.0+sha256.abc', engines: { node: '>=18' } }),
      '.nvmrc': 'v22.1\n',
    };
    expect(await toolsOf(files)).toEqual({ node: 'v22.1', pnpm: '9.1.0' });
  });
});

describe('the tools of other repositories', () => {
  it('are those of Python, locked or asked for', async () => {
    const project = `[project]
requires-python = ">=3.11"
dependencies = ["Django>=4.2,<5", "requests[socks] ; python_version > '3'", "unknown-thing"]
[project.optional-dependencies]
test = ["pytest"]
[dependency-groups]
dev = ["ruff==0.4.1", {include-group = "test"}]
`;
    expect(await toolsOf({ 'pyproject.toml': project })).toEqual({
      python: '>=3.11',
      django: '>=4.2,<5',
      pytest: null,
      requests: null,
      ruff: '0.4.1',
    });
    const lock =
      '[[package]]\nname = "django"\nversion = "4.2.11"\n[[package]]\nname = "pytest"\nversion = "8.1.0"\n';
    for (const name of ['uv.lock', 'poetry.lock']) {
      expect(await toolsOf({ 'pyproject.toml': project, [name]: lock })).toMatchObject({
        django: '4.2.11',
        pytest: '8.1.0',
      });
    }
  });

  it('are those of Poetry and requirements.txt', async () => {
    const project =
      '[tool.poetry.dependencies]\npython = "^3.10"\nflask = "^3.0"\n[tool.poetry.group.dev.dependencies]\nmypy = {version = "1.9"}\n';
    expect(await toolsOf({ 'pyproject.toml': project })).toEqual({
      python: '^3.10',
      flask: '^3.0',
      mypy: '1.9',
    });
    const requirements =
      '# comment\n-r other.txt\nnumpy==1.26.4\nSQLAlchemy ~= 2.0  # orm\nhttps://example.com/x.whl\n';
    expect(await toolsOf({ 'requirements.txt': requirements })).toEqual({
      numpy: '1.26.4',
      sqlalchemy: '~= 2.0',
    });
  });

  it('are those of Go', async () => {
    const mod =
      'module example.com/x\n\ngo 1.22\ntoolchain go1.22.3\n\nrequire (\n\tgithub.com/spf13/cobra v1.8.0 // indirect\n\texample.com/y v0.1.0\n)\nrequire google.golang.org/grpc v1.63.0\n';
    expect(await toolsOf({ 'go.mod': mod })).toEqual({
      go: '1.22',
      'go toolchain': 'go1.22.3',
      'github.com/spf13/cobra': 'v1.8.0',
      'google.golang.org/grpc': 'v1.63.0',
    });
  });

  it('are those of Rust', async () => {
    const cargo =
      '[package]\nname = "x"\nedition = "2021"\nrust-version = "1.75"\n[dependencies]\ntokio = { version = "1", features = ["full"] }\nserde = "1.0"\n';
    const lock = '[[package]]\nname = "tokio"\nversion = "1.37.0"\n';
    expect(
      await toolsOf({
        'Cargo.toml': cargo,
        'Cargo.lock': lock,
        'rust-toolchain.toml': '[toolchain]\nchannel = "1.78"\n',
      }),
    ).toEqual({
      rust: '1.78',
      'rust edition': '2021',
      serde: '1.0',
      tokio: '1.37.0',
    });
  });

  it('are those of make and of asdf', async () => {
    expect(
      await toolsOf({ Makefile: 'all:\n', '.tool-versions': 'nodejs 20.1.0 # why\n\npython 3.12.1\n' }),
    ).toEqual({
      node: '20.1.0',
      python: '3.12.1',
      make: null,
    });
  });
});

describe('a manifest that is malformed', () => {
  it.each([
    ['package.json', '{"name": '],
    ['package.json', '[]'],
    ['package.json', 'null'],
    ['pyproject.toml', '[project\nname'],
    ['Cargo.toml', '= 3'],
  ])('(%s with %j) is noted and used for nothing', async (path, text) => {
    const tree = madeTree({ [path]: text });
    const manifests = await readManifests(tree, []);
    const named = findTools(manifests).filter(({ version }) => version !== null);
    expect(named).toEqual([]);
    findChecks(tree, manifests);
    expect(manifests.notes().map((note) => note.path)).toEqual([path]);
  });

  it('never makes a reader throw, whatever values it holds', async () => {
    const json = fc.json({ maxDepth: 4 });
    const key = fc.constantFrom(
      'scripts',
      'engines',
      'dependencies',
      'packageManager',
      'devDependencies',
      'packages',
      '__proto__',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(key, fc.jsonValue({ maxDepth: 3 })),
        json,
        fc.string(),
        async (value, lock, text) => {
          const tree = madeTree({
            'package.json': JSON.stringify(value),
            'package-lock.json': lock,
            'pnpm-lock.yaml': text,
            'yarn.lock': text,
            'pyproject.toml': text,
            'requirements.txt': text,
            'go.mod': text,
            'Cargo.toml': text,
            Makefile: text,
            '.tool-versions': text,
          });
          const manifests = await readManifests(tree, []);
          findTools(manifests);
          findChecks(tree, manifests);
          findSetupInputs(tree.entries, manifests, ['npm ci']);
        },
      ),
      { numRuns: 200 },
    );
  });
});

it('manifests of vendored directories are not read, and all others with one reading', async () => {
  const tree = madeTree({
    'package.json': '{}',
    'a/package.json': '{}',
    'a/node_modules/x/package.json': '{}',
    'go.mod': 'go 1.2',
  });
  const manifests = await readManifests(tree, ['a/node_modules/x', 'a/src']);
  expect(manifests.paths).toEqual(['a/package.json', 'go.mod', 'package.json']);
  expect(tree.reads()).toBe(1);
});
