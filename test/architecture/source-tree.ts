import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The folders that hold the product. */
export const productFolders = [
  ...[
    'contracts',
    'policy',
    'workflows',
    'activities',
    'k8s',
    'sandbox',
    'models',
    'artifacts',
    'forge',
    'workers',
  ],
  ...['client', 'server', 'web', 'cli', 'drill'],
] as const;

const skipped = new Set(['node_modules', 'dist', '.git', 'samples', 'histories']);

/** Every file below a folder of the checkout, as paths relative to its root; nothing for a folder that is not there. */
export function filesUnder(folder: string): string[] {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(join(root, folder));
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

const list = (directory: string) => readdirSync(directory, { withFileTypes: true });

export const readSource = (path: string) => readFileSync(join(root, path), 'utf8');

export interface Import {
  /** The importing file, from the root. */
  readonly from: string;
  readonly specifier: string;
  /** The imported file from the root, or undefined for a package. */
  readonly target: string | undefined;
  readonly typeOnly: boolean;
}

// `import type … from`, `export … from`, `import '…'` and `import('…')`: one statement may go over many lines.
const statement = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"\n]+)['"]/g;
const dynamic = /\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g;

/** The imports of a TypeScript source, as written. */
export function importsOf(from: string, source: string): Import[] {
  const found = [...source.matchAll(statement)].map((match) => ({
    specifier: match[2] ?? '',
    typeOnly: match[1] !== undefined,
  }));
  const later = [...source.matchAll(dynamic)].map((match) => ({
    specifier: match[1] ?? '',
    typeOnly: false,
  }));
  return [...found, ...later].map(({ specifier, typeOnly }) => {
    const isRelative = specifier.startsWith('.');
    const target = isRelative ? relative(root, join(root, dirname(from), specifier)) : undefined;
    return { from, specifier, target, typeOnly };
  });
}
