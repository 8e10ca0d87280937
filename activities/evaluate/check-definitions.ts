import picomatch from 'picomatch';
import { parse as parseToml } from 'smol-toml';
import type { Concern } from '../../contracts/evaluation.ts';
import type { FileChange } from '../../contracts/task-repository.ts';
import type { ChangedText } from './concerns.ts';

/** Files that do nothing but say what tests, types and style checks are and how they run. */
const definitions = picomatch(
  [
    '**/{vitest,jest,playwright,cypress,karma,ava,wdio,nightwatch}.{config,conf}.*',
    '**/.{mocharc,nycrc,c8rc,taprc}*',
    '**/{pytest,tox,mypy,.mypy}.ini',
    '**/{setup.cfg,noxfile.py,conftest.py,phpunit.xml,phpunit.xml.dist,.rspec,Rakefile}',
    '**/{tsconfig,jsconfig,tsconfig.*,pyrightconfig}.json',
    '**/{eslint,biome,stylelint,prettier}.config.*',
    '**/.{eslintrc,eslintignore,stylelintrc,oxlintrc}*',
    '**/{biome.json,biome.jsonc,deno.json,deno.jsonc,ruff.toml,.ruff.toml,.flake8,.pylintrc,clippy.toml,.clippy.toml,.rubocop.yml}',
    '**/.golangci.{yml,yaml,toml,json}',
    '**/{Makefile,makefile,GNUmakefile,justfile,Justfile,Taskfile.yml,Taskfile.yaml}',
  ],
  { dot: true },
);

/** Manifests of which only a part says how tests run. */
const manifests: Readonly<Record<string, (text: string) => Readonly<Record<string, unknown>>>> = {
  'package.json': (text) => {
    const { scripts, ...more } = asObject(JSON.parse(text));
    const settings = Object.entries(more).filter(([key]) => nodeTestTools.includes(key));
    return { ...asObject(scripts), ...Object.fromEntries(settings) };
  },
  'pyproject.toml': (text) => asObject(asObject(parseToml(text))['tool']),
};
const nodeTestTools = ['jest', 'mocha', 'ava', 'nyc', 'c8', 'vitest', 'tap', 'eslintConfig'];
const pythonTestTools = ['pytest', 'tox', 'nox', 'hatch', 'coverage', 'mypy', 'pyright', 'ruff', 'pylint'];
/** Programs that a check finds before those of the machine, where a repository does not ignore the folder. */
const installed = picomatch('**/node_modules/**', { dot: true });

/** Whether a file's text is needed to see what was changed in it. */
export function definesChecks(path: string): boolean {
  return Object.hasOwn(manifests, nameOf(path));
}

/**
 * What was changed in how the checks run, which a check in a fresh sandbox cannot see: it runs what the change says. A script that was
 * added, or a manifest that cannot be read on one side, counts as well: better one look too many.
 */
export function checkConcerns(
  changes: readonly FileChange[],
  texts: ReadonlyMap<string, ChangedText>,
  isNamed: (path: string) => boolean,
): readonly Concern[] {
  const [first, ...more] = changes.filter(({ path }) => installed(path));
  const programs =
    first === undefined
      ? []
      : [concern(first.path, `Installed packages are part of the change: ${more.length + 1} files.`)];
  return [
    ...programs,
    ...changes.filter(({ path }) => !installed(path)).flatMap((one) => concernsOfFile(one, texts, isNamed)),
  ];
}

function concernsOfFile(
  change: FileChange,
  texts: ReadonlyMap<string, ChangedText>,
  isNamed: (path: string) => boolean,
): readonly Concern[] {
  const path = change.fromPath ?? change.path;
  const names = [path, change.path];
  if (names.some((name) => definitions(name))) return [concern(path, `The file was ${change.status}.`)];
  if (names.some(isNamed)) return [concern(path, `A check names the file, which was ${change.status}.`)];
  const name = nameOf(path);
  return Object.hasOwn(manifests, name) && change.status !== 'added'
    ? manifestConcern(path, name, texts.get(change.path))
    : [];
}

function manifestConcern(path: string, name: string, text: ChangedText | undefined): readonly Concern[] {
  const before = read(name, text?.before ?? null);
  const after = read(name, text?.after ?? null);
  if (before === null || after === null) return [concern(path, 'It changed and cannot be compared.')];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  const telling =
    name === 'pyproject.toml' ? changed.filter((key) => pythonTestTools.includes(key)) : changed;
  return telling.length === 0 ? [] : [concern(path, `Changed: ${telling.slice(0, 5).join(', ')}.`)];
}

function read(name: string, text: string | null): Readonly<Record<string, unknown>> | null {
  if (text === null) return null;
  try {
    return manifests[name]?.(text) ?? null;
  } catch {
    // Broken by the change, or before it: the caller says that it cannot be compared.
    return null;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function concern(path: string, detail: string): Concern {
  return {
    kind: 'check_changed',
    path: path.slice(0, 500),
    detail: `What the checks run was changed. ${detail}`.slice(0, 300),
  };
}
