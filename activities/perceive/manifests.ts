import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import { isForeign, isUnder, lineage, type Note, nameOf, plainPath, type Tree } from './tree.ts';

/** Everything that says how a repository is built, tested and set up, and is read by one of the readers here. */
const manifestNames = new Set([
  'package.json',
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
  'bun.lockb',
  '.nvmrc',
  '.node-version',
  'pyproject.toml',
  'requirements.txt',
  'requirements-dev.txt',
  'setup.py',
  'setup.cfg',
  'pytest.ini',
  'tox.ini',
  'uv.lock',
  'poetry.lock',
  'Pipfile',
  'Pipfile.lock',
  '.python-version',
  'go.mod',
  'go.sum',
  'go.work',
  'Cargo.toml',
  'Cargo.lock',
  'rust-toolchain',
  'rust-toolchain.toml',
  'Makefile',
  'makefile',
  'GNUmakefile',
  '.tool-versions',
  'pom.xml',
  'build.gradle',
  'build.gradle.kts',
  'Gemfile',
  'Gemfile.lock',
  'composer.json',
  'composer.lock',
]);

const maxManifestBytes = 16 * 1024 * 1024;
const maxDirectories = 20;
/** Parsing more would hold up everything else that the process does. */
const maxParsedBytes = { json: 16, toml: 4, yaml: 1 } as const;

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** The manifests of the directories that matter, read once; each is parsed when it is asked for. Nothing here throws on what a file holds. */
export interface Manifests {
  /** Directories that were looked at, the root (`''`) first. */
  readonly directories: readonly string[];
  /** Paths of all that were found there. */
  readonly paths: readonly string[];
  readonly has: (path: string) => boolean;
  readonly text: (path: string) => string | undefined;
  /** The parsed file; undefined when it is not there or malformed, which is noted. */
  readonly json: (path: string) => JsonObject | undefined;
  readonly toml: (path: string) => JsonObject | undefined;
  readonly yaml: (path: string) => JsonObject | undefined;
  readonly notes: () => readonly Note[];
}

/** Reads the manifests of the root and of every directory between it and the task's paths. */
export async function readManifests(tree: Tree, taskPaths: readonly string[]): Promise<Manifests> {
  const scopes = taskPaths.map(plainPath).filter((path) => path !== '');
  const directories = [...new Set(['', ...scopes.flatMap(lineage)])].slice(0, maxDirectories);
  const paths = tree.entries
    .filter(({ path }) => manifestNames.has(nameOf(path)) && !isForeignDirectory(path))
    .filter(({ path }) => directories.includes(path.slice(0, Math.max(0, path.lastIndexOf('/')))))
    .map(({ path }) => path);
  const contents = await tree.read(paths, maxManifestBytes);
  const found = new Set(paths);
  const notes = new Map<string, Note>();
  const parsed = new Map<string, JsonObject | undefined>();

  const text = (path: string): string | undefined => {
    const bytes = contents.get(path);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  const parse = (path: string, kind: keyof typeof parsers): JsonObject | undefined => {
    const source = parsed.has(path) ? undefined : text(path);
    if (source !== undefined) {
      parsed.set(path, tryParse(path, source, kind, notes));
    }
    return parsed.get(path);
  };
  return {
    directories: directories.filter((directory) => tree.entries.some(({ path }) => isUnder(path, directory))),
    paths,
    has: (path) => found.has(path),
    text,
    json: (path) => parse(path, 'json'),
    toml: (path) => parse(path, 'toml'),
    yaml: (path) => parse(path, 'yaml'),
    notes: () => [...notes.values()],
  };
}

function isForeignDirectory(path: string): boolean {
  // A lock file is foreign by its name; here only where it lies counts.
  return isForeign(`${path.slice(0, path.lastIndexOf('/') + 1)}x`);
}

const parsers: Readonly<Record<keyof typeof maxParsedBytes, (source: string) => unknown>> = {
  json: JSON.parse,
  toml: parseToml,
  yaml: (source) => parseYaml(source, { maxAliasCount: 100, logLevel: 'silent' }),
};

function tryParse(
  path: string,
  source: string,
  kind: keyof typeof parsers,
  notes: Map<string, Note>,
): JsonObject | undefined {
  if (source.length >= maxParsedBytes[kind] * 1024 * 1024) {
    notes.set(path, { path, text: `${path} was not used: it is larger than ${maxParsedBytes[kind]} MiB.` });
    return undefined;
  }
  try {
    const value = parsers[kind](source.replace(/^\uFEFF/, ''));
    if (isObject(value)) {
      return value;
    }
    notes.set(path, { path, text: `${path} was not used: it holds no table of keys and values.` });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
    notes.set(path, { path, text: `${path} was not used, it can't be parsed: ${reason.slice(0, 200)}` });
  }
  return undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of keys; undefined as soon as one is not there. */
export function at(value: Json | undefined, ...keys: readonly string[]): Json | undefined {
  let current = value;
  for (const key of keys) {
    current = isObject(current) && Object.hasOwn(current, key) ? current[key] : undefined;
  }
  return current;
}

export function objectAt(value: Json | undefined, ...keys: readonly string[]): JsonObject {
  const found = at(value, ...keys);
  return isObject(found) ? found : {};
}

export function stringAt(value: Json | undefined, ...keys: readonly string[]): string | undefined {
  const found = at(value, ...keys);
  return typeof found === 'string' ? found : undefined;
}

export function listAt(value: Json | undefined, ...keys: readonly string[]): readonly Json[] {
  const found = at(value, ...keys);
  return Array.isArray(found) ? (found as readonly Json[]) : [];
}

export function joinPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
