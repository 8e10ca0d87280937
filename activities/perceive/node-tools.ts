import { at, type JsonObject, joinPath, type Manifests, objectAt, stringAt } from './manifests.ts';
import type { Tool } from './tool.ts';

/** Packages whose version changes how code is written or checked. */
const notable = new Set([
  ...[
    'react',
    'react-dom',
    'preact',
    'vue',
    'svelte',
    'solid-js',
    '@angular/core',
    'next',
    'nuxt',
    'astro',
    'remix',
  ],
  ...[
    'express',
    'fastify',
    'koa',
    'hono',
    '@nestjs/core',
    'graphql',
    'prisma',
    'typeorm',
    'drizzle-orm',
    'zod',
  ],
  ...[
    'typescript',
    'vite',
    'webpack',
    'rollup',
    'esbuild',
    'parcel',
    'turbo',
    'nx',
    'lerna',
    'babel',
    '@babel/core',
  ],
  ...[
    'jest',
    'vitest',
    'mocha',
    'ava',
    'tap',
    'jasmine',
    'karma',
    '@playwright/test',
    'playwright',
    'cypress',
  ],
  ...[
    'eslint',
    'prettier',
    '@biomejs/biome',
    'oxlint',
    'stylelint',
    'tailwindcss',
    'electron',
    'react-native',
  ],
]);

export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

const lockFiles: readonly (readonly [string, PackageManager])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
];

/** Who installs a package's dependencies: what its package.json or that of a directory above says, else whose lock file is there; npm without either. */
export function packageManagerOf(manifests: Manifests, directory: string): PackageManager {
  const above = manifests.directories.filter(
    (candidate) => candidate === '' || directory === candidate || directory.startsWith(`${candidate}/`),
  );
  for (const candidate of above.toReversed()) {
    const named = stringAt(manifests.json(joinPath(candidate, 'package.json')), 'packageManager')?.split(
      '@',
    )[0];
    const said = lockFiles.find(([, manager]) => manager === named)?.[1];
    const locked = lockFiles.find(([name]) => manifests.has(joinPath(candidate, name)))?.[1];
    const manager = said ?? locked;
    if (manager !== undefined) {
      return manager;
    }
  }
  return 'npm';
}

/** What package.json, its lock file and the files beside it say of Node and packages. */
export function nodeTools(manifests: Manifests, directory: string): readonly Tool[] {
  const path = joinPath(directory, 'package.json');
  const tools: Tool[] = [];
  for (const name of ['.nvmrc', '.node-version']) {
    const from = joinPath(directory, name);
    const version = manifests.text(from)?.trim().split(/\s/)[0];
    if (version !== undefined && version !== '') {
      tools.push({ name: 'node', version, from });
    }
  }
  const manifest = manifests.json(path);
  if (manifest === undefined) {
    return tools;
  }
  for (const [name, range] of Object.entries(objectAt(manifest, 'engines'))) {
    if (typeof range === 'string') {
      tools.push({ name, version: range, from: path });
    }
  }
  const [manager = '', version] = stringAt(manifest, 'packageManager')?.split('+')[0]?.split('@') ?? [];
  tools.push({
    name: manager || packageManagerOf(manifests, directory),
    version: version ?? null,
    from: path,
  });
  return [...tools, ...dependencies(manifests, directory, manifest)];
}

function dependencies(manifests: Manifests, directory: string, manifest: JsonObject): readonly Tool[] {
  const wanted = {
    ...objectAt(manifest, 'peerDependencies'),
    ...objectAt(manifest, 'devDependencies'),
    ...objectAt(manifest, 'dependencies'),
  };
  const names = Object.keys(wanted).filter((name) => notable.has(name));
  return names.sort().map((name) => {
    const locked = lockedVersion(manifests, directory, name);
    const range = wanted[name];
    return {
      name,
      version: locked?.version ?? (typeof range === 'string' ? range : null),
      from: locked?.from ?? joinPath(directory, 'package.json'),
    };
  });
}

type Locked = { readonly version: string; readonly from: string } | undefined;

function lockedVersion(manifests: Manifests, directory: string, name: string): Locked {
  // A workspace's lock file lies at the root.
  for (const place of directory === '' ? [''] : [directory, '']) {
    const found =
      npmLocked(manifests, place, name) ??
      pnpmLocked(manifests, place, directory, name) ??
      yarnLocked(manifests, place, name);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

function npmLocked(manifests: Manifests, place: string, name: string): Locked {
  for (const file of ['package-lock.json', 'npm-shrinkwrap.json']) {
    const from = joinPath(place, file);
    const lock = manifests.json(from);
    const version =
      stringAt(lock, 'packages', `node_modules/${name}`, 'version') ??
      stringAt(lock, 'dependencies', name, 'version');
    if (version !== undefined) {
      return { version, from };
    }
  }
  return undefined;
}

function pnpmLocked(manifests: Manifests, place: string, directory: string, name: string): Locked {
  const from = joinPath(place, 'pnpm-lock.yaml');
  const lock = manifests.yaml(from);
  const importer = at(lock, 'importers', place === directory ? '.' : directory);
  for (const table of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    for (const holder of [importer, lock]) {
      const version = stringAt(holder, table, name, 'version') ?? stringAt(holder, table, name);
      if (version !== undefined) {
        // pnpm adds in parentheses what peers a version was resolved with.
        return { version: version.split(/[(_]/)[0] ?? version, from };
      }
    }
  }
  return undefined;
}

function yarnLocked(manifests: Manifests, place: string, name: string): Locked {
  const from = joinPath(place, 'yarn.lock');
  const lines = manifests.text(from)?.split('\n') ?? [];
  const start = lines.findIndex((line) => line.startsWith(`${name}@`) || line.startsWith(`"${name}@`));
  const version = start === -1 ? undefined : /^ {2}version:? "?([^"\s]+)"?/.exec(lines[start + 1] ?? '')?.[1];
  return version === undefined ? undefined : { version, from };
}
