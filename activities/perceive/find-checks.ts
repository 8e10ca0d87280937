import { joinPath, type Manifests, objectAt, stringAt } from './manifests.ts';
import { packageManagerOf } from './node-tools.ts';
import { pythonTools } from './python-tools.ts';
import { nameOf, type Tree } from './tree.ts';

export interface FoundCheck {
  /** The command itself. */
  readonly name: string;
  /** For `bash -c` at the root of the workspace. */
  readonly command: string;
  /** The file that says so. */
  readonly from: string;
}

type Draft = Omit<FoundCheck, 'name'> & { readonly purpose: 'test' | 'types' | 'lint' };

const maxChecks = 20;

/**
 * The commands that judge a repository, for a task that names none: those of its root, else those of the directory nearest to the task's
 * paths that has any. A Makefile adds what no package manifest gives. Scripts that change files or never end are no checks.
 */
export function findChecks(tree: Pick<Tree, 'entries'>, manifests: Manifests): readonly FoundCheck[] {
  const [root, ...below] = manifests.directories;
  const order = root === undefined ? [] : [root, ...below.toReversed()];
  for (const directory of order) {
    const found = checksOf(tree, manifests, directory);
    if (found.length > 0) {
      return found.slice(0, maxChecks);
    }
  }
  return [];
}

function checksOf(
  tree: Pick<Tree, 'entries'>,
  manifests: Manifests,
  directory: string,
): readonly FoundCheck[] {
  const drafts = [
    ...nodeChecks(manifests, directory),
    ...pythonChecks(tree, manifests, directory),
    ...goChecks(manifests, directory),
    ...rustChecks(manifests, directory),
  ];
  const known = new Set(drafts.map(({ purpose }) => purpose));
  const added = makeChecks(manifests, directory).filter(({ purpose }) => !known.has(purpose));
  return [...drafts, ...added].map(({ command, from }) => {
    const placed = directory === '' ? command : `cd ${quote(directory)} && ${command}`;
    return { name: placed, command: placed, from };
  });
}

const scripts: readonly (readonly [string, Draft['purpose']])[] = [
  ['test', 'test'],
  ['typecheck', 'types'],
  ['type-check', 'types'],
  ['check-types', 'types'],
  ['check:types', 'types'],
  ['lint', 'lint'],
];

function nodeChecks(manifests: Manifests, directory: string): readonly Draft[] {
  const from = joinPath(directory, 'package.json');
  const defined = objectAt(manifests.json(from), 'scripts');
  const manager = packageManagerOf(manifests, directory);
  return scripts.flatMap(([name, purpose]) => {
    const script = stringAt(defined, name);
    if (script === undefined || !isCheck(script)) {
      return [];
    }
    const run = name === 'test' && manager !== 'bun' ? 'test' : `run ${name}`;
    return [{ command: `${manager} ${run}`, from, purpose }];
  });
}

/** npm's placeholder, watchers and fixers are none. */
function isCheck(script: string): boolean {
  const watches = /(?:^|\s)--watch(?:All)?(?:\s|$)/.test(script);
  const changes = /(?:^|\s)(?:--fix|--write|--apply)(?:\s|$)/.test(script);
  return script.trim() !== '' && !/no test specified/i.test(script) && !watches && !changes;
}

function pythonChecks(
  tree: Pick<Tree, 'entries'>,
  manifests: Manifests,
  directory: string,
): readonly Draft[] {
  const file = (name: string): string => joinPath(directory, name);
  const says = (name: string, section: string): boolean =>
    manifests.text(file(name))?.includes(section) === true;
  const signs: readonly (readonly [string, boolean])[] = [
    ['pyproject.toml', stringAtAnyDepth(manifests, file('pyproject.toml'))],
    ['pytest.ini', manifests.has(file('pytest.ini'))],
    ['tox.ini', says('tox.ini', '[pytest]') || says('tox.ini', '[testenv')],
    ['setup.cfg', says('setup.cfg', '[tool:pytest]')],
  ];
  const configured = signs.find(([, found]) => found)?.[0];
  const required = pythonTools(manifests, directory).find(({ name }) => name === 'pytest')?.from;
  const packaged = ['pyproject.toml', 'setup.py', 'setup.cfg'].find((name) => manifests.has(file(name)));
  const tested = packaged !== undefined && hasPythonTests(tree, directory) ? file(packaged) : undefined;
  const from = (configured === undefined ? undefined : file(configured)) ?? required ?? tested;
  return from === undefined ? [] : [{ command: 'python3 -m pytest -q', from, purpose: 'test' }];
}

function stringAtAnyDepth(manifests: Manifests, path: string): boolean {
  const tool = objectAt(manifests.toml(path), 'tool');
  return Object.hasOwn(tool, 'pytest') || Object.hasOwn(tool, 'tox');
}

function hasPythonTests(tree: Pick<Tree, 'entries'>, directory: string): boolean {
  const prefix = directory === '' ? '' : `${directory}/`;
  return tree.entries.some(
    ({ path }) => path.startsWith(prefix) && /^(?:test_.*|.*_test)\.py$/.test(nameOf(path)),
  );
}

function goChecks(manifests: Manifests, directory: string): readonly Draft[] {
  const from = joinPath(directory, 'go.mod');
  return manifests.has(from)
    ? [
        { command: 'go test ./...', from, purpose: 'test' },
        { command: 'go vet ./...', from, purpose: 'lint' },
      ]
    : [];
}

function rustChecks(manifests: Manifests, directory: string): readonly Draft[] {
  const from = joinPath(directory, 'Cargo.toml');
  const manifest = manifests.toml(from);
  if (manifest === undefined) {
    return [];
  }
  const command = Object.hasOwn(manifest, 'workspace') ? 'cargo test --workspace' : 'cargo test';
  return [{ command, from, purpose: 'test' }];
}

const targets: readonly (readonly [string, Draft['purpose']])[] = [
  ['test', 'test'],
  ['check', 'test'],
  ['lint', 'lint'],
];

function makeChecks(manifests: Manifests, directory: string): readonly Draft[] {
  // The order in which GNU make looks.
  const from = ['GNUmakefile', 'makefile', 'Makefile']
    .map((name) => joinPath(directory, name))
    .find(manifests.has);
  const lines = from === undefined ? [] : (manifests.text(from)?.split('\n') ?? []);
  const defined = new Set(
    lines.flatMap((line) => /^([A-Za-z0-9_. -]+?)\s*::?(?!=)/.exec(line)?.[1]?.split(/\s+/) ?? []),
  );
  const found = targets.filter(([name]) => defined.has(name));
  return found
    .filter(([name]) => name !== 'check' || !defined.has('test'))
    .map(([name, purpose]) => ({ command: `make ${name}`, from: from ?? '', purpose }));
}

function quote(word: string): string {
  return /^[A-Za-z0-9_./-]+$/.test(word) && !word.startsWith('-')
    ? word
    : `'./${word.replaceAll("'", "'\\''")}'`;
}
