import { createHash } from 'node:crypto';
import type { TreeEntry } from '../../contracts/task-repository.ts';
import { joinPath, type Manifests, stringAt } from './manifests.ts';
import { isForeign, nameOf, plainPath } from './tree.ts';

export interface SetupInput {
  readonly path: string;
  /** The git object of its content. */
  readonly object: string;
}

/** What installers read besides the code. */
const inputNames =
  /^(?:package\.json|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|pnpm-workspace\.yaml|\.pnpmfile\.cjs|yarn\.lock|bun\.lockb?|\.npmrc|\.yarnrc(?:\.yml)?|\.nvmrc|\.node-version|pyproject\.toml|(?:.*[-_.])?requirements.*\.(?:txt|in)|constraints.*\.txt|setup\.(?:py|cfg)|uv\.lock|uv\.toml|poetry\.(?:lock|toml)|Pipfile(?:\.lock)?|pip\.conf|\.python-version|environment\.ya?ml|go\.(?:mod|sum|work|work\.sum)|Cargo\.(?:toml|lock)|rust-toolchain(?:\.toml)?|\.tool-versions|mise\.toml|Gemfile(?:\.lock)?|.*\.gemspec|composer\.(?:json|lock)|pom\.xml|build\.gradle(?:\.kts)?|settings\.gradle(?:\.kts)?|gradle\.lockfile|GNUmakefile|[Mm]akefile)$/;
const inputDirectories = /^(?:patches|\.yarn\/(?:plugins|patches|releases)|\.cargo|gradle\/wrapper)\//;

/** Commands that install what manifests and lock files name and look at nothing else of the repository. */
const plainInstall =
  /^(?:npm (?:ci|install|i)|pnpm (?:install|i)|yarn(?: install)?|bun install|(?:python3? -m )?pip3? install -r \S+|uv sync|poetry install|pipenv (?:install|sync)|go mod download|cargo fetch|bundle install|composer install)(?: --?[\w=-]+)*$/;

/** Scripts that npm and its like run after installing: they may read any file. */
const lifecycle = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'];

/**
 * The files on whose content a setup's result depends, sorted: manifests and lock files where all commands are plain installs, else the
 * whole tree as one input (`.`). Reusing a result too rarely costs time; too often, it is wrong.
 */
export function findSetupInputs(
  entries: readonly TreeEntry[],
  manifests: Manifests,
  commands: readonly string[],
): readonly SetupInput[] {
  const plain = commands.every((command) => plainInstall.test(command.trim())) && !runsScripts(manifests);
  if (!plain) {
    return [{ path: '.', object: treeDigest(entries) }];
  }
  const named = new Set(commands.flatMap((command) => command.split(/\s+/)).map(plainPath));
  return entries
    .filter(({ path }) => isInput(path) || named.has(path))
    .map(({ path, object }) => ({ path, object }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function isInput(path: string): boolean {
  // Lock files count as foreign by their names; only where a file lies matters here.
  const inside = !isForeign(`${path.slice(0, path.length - nameOf(path).length)}x`);
  return (inputNames.test(nameOf(path)) && inside) || inputDirectories.test(path);
}

function runsScripts(manifests: Manifests): boolean {
  const scripts = manifests.directories.map((directory) =>
    manifests.json(joinPath(directory, 'package.json')),
  );
  return scripts.some((manifest) =>
    lifecycle.some((name) => stringAt(manifest, 'scripts', name) !== undefined),
  );
}

function treeDigest(entries: readonly TreeEntry[]): string {
  const hash = createHash('sha256');
  for (const { path, mode, object } of entries) {
    hash.update(`${mode} ${object} ${path}\0`);
  }
  return hash.digest('hex');
}
