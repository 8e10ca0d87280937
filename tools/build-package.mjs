// `npm pack` runs this (prepack): makes dist/, the tree in JavaScript, because Node strips no types below node_modules.
// dist/ repeats the layout of the checkout, so what finds a file beside itself finds it in both.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const folders = [
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
].filter((folder) => statSync(join(root, folder), { throwIfNoEntry: false })?.isDirectory());

/** @param {readonly string[]} args */
function node(args) {
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
}

/** @param {string} folder */
function filesOf(folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Compiles the folders by a configuration of its own, which `tsc` wants as a file. */
function compile() {
  const config = join(root, 'dist', 'tsconfig.json');
  const compilerOptions = { noEmit: false, outDir: '.', rootDir: '..', sourceMap: false };
  const include = folders.map((folder) => `../${folder}/**/*`);
  writeFileSync(
    config,
    JSON.stringify({ extends: '../tsconfig.json', compilerOptions, include, exclude: [] }),
  );
  node(['node_modules/typescript/bin/tsc', '-p', config]);
  rmSync(config);
}

/** What is no TypeScript (policies, pages, programs for the sandbox) goes along as it is. */
function copyTheRest() {
  // What deploys it is the checkout's: a package has no images to deploy.
  const rest = folders.filter((folder) => folder !== 'k8s').flatMap(filesOf);
  for (const file of rest.filter((name) => !/\.m?ts$/.test(name))) {
    cpSync(file, join(dist, relative(root, file)));
  }
  for (const path of ['tools/temporal', 'docs/errors', 'samples', 'package.json']) {
    const from = join(root, path);
    if (statSync(from, { throwIfNoEntry: false })) cpSync(from, join(dist, path), { recursive: true });
  }
}

/** tsc rewrites the endings of imports; a module that is started as a program is named by a URL. */
function rewriteModuleUrls() {
  const url = /(new URL\(\s*['"`]\.{1,2}\/[^'"`]+)\.ts(['"`],\s*import\.meta\.url\s*,?\s*\))/g;
  const entries = readdirSync(dist, { withFileTypes: true, recursive: true });
  for (const entry of entries.filter(({ name }) => name.endsWith('.js'))) {
    const file = join(entry.parentPath, entry.name);
    const before = readFileSync(file, 'utf8');
    const after = before.replace(url, '$1.js$2');
    if (after !== before) writeFileSync(file, after);
  }
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
compile();
copyTheRest();
rewriteModuleUrls();
node(['tools/build-bundle.ts', 'dist/workflow-bundle.js']);
