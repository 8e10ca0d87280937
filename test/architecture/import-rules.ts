import { type Import, importsOf } from './source-tree.ts';

interface FolderRule {
  /** Folders of ours, itself aside. */
  readonly folders: readonly string[];
  /** Packages by name; a name ending in `/` allows a scope. Undefined allows any. */
  readonly packages: readonly string[] | undefined;
  readonly nodeModules: boolean;
}

const rule = (folders: readonly string[], packages?: readonly string[], nodeModules = true): FolderRule => ({
  folders,
  packages,
  nodeModules,
});

/** What each folder may import: the table of ARCHITECTURE.md. The longest folder that a file lies in counts. */
export const importRules: Readonly<Record<string, FolderRule>> = {
  'contracts/words': rule([], [], false),
  contracts: rule(['contracts/words'], ['zod', 'canonicalize']),
  policy: rule(['contracts', 'contracts/words'], ['zod', 'unbash', 'picomatch', 'yaml'], false),
  workflows: rule(['contracts', 'contracts/words'], ['@temporalio/workflow', '@temporalio/common'], false),
  activities: rule(
    ['contracts', 'contracts/words', 'policy'],
    ['@temporalio/activity', '@temporalio/common', 'zod', 'yaml', 'smol-toml', 'picomatch'],
  ),
  k8s: rule(['contracts', 'contracts/words', 'sandbox'], ['@kubernetes/client-node', 'ws']),
  sandbox: rule(['contracts', 'contracts/words'], ['zod', 'jose']),
  models: rule(['contracts', 'contracts/words'], ['openai', 'zod', 'yaml', 'smol-toml']),
  artifacts: rule(['contracts', 'contracts/words']),
  forge: rule(['contracts', 'contracts/words']),
  client: rule(
    ['contracts', 'contracts/words'],
    ['@temporalio/client', '@temporalio/common', '@temporalio/proto', 'zod'],
  ),
  server: rule(['client', 'contracts', 'contracts/words']),
  web: rule(['client', 'contracts', 'contracts/words']),
  cli: rule(['client', 'contracts', 'contracts/words']),
};

/** Files that put the parts together, and so may import all of them. */
const compositionRoots = new Set(['cli/main.ts', 'server/main.ts']);

function folderOf(path: string): string {
  const names = [...Object.keys(importRules), 'workers', 'drill', 'test', 'tools'];
  const holding = names.filter((name) => path.startsWith(`${name}/`));
  return holding.sort((a, b) => b.length - a.length)[0] ?? '';
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** What one import breaks; undefined when it is allowed. */
export function importProblem(found: Import): string | undefined {
  const folder = folderOf(found.from);
  const allowed = importRules[folder];
  if (allowed === undefined || compositionRoots.has(found.from)) return undefined;
  const says = `${found.from} imports ${found.specifier}`;
  if (found.target === undefined) return packageProblem(allowed, found.specifier, says);
  const target = folderOf(found.target);
  if (target !== folder && !allowed.folders.includes(target))
    return `${says}: ${folder}/ may not import ${target}/`;
  if (folder === 'workflows' && target === 'contracts' && !found.typeOnly) {
    return `${says}: workflows/ takes only types from contracts/, and values from contracts/words/`;
  }
  return undefined;
}

function packageProblem(allowed: FolderRule, specifier: string, says: string): string | undefined {
  if (specifier.startsWith('node:')) return allowed.nodeModules ? undefined : `${says}: no Node modules here`;
  if (allowed.packages === undefined || allowed.packages.includes(packageOf(specifier))) return undefined;
  return `${says}: the package is not on the folder's list`;
}

export function problemsIn(path: string, source: string): string[] {
  return importsOf(path, source).flatMap((found) => importProblem(found) ?? []);
}
