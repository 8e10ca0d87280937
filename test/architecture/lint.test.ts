import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { root } from './source-tree.ts';

const planted = [
  ['workflows', "export { a } from '../activities/a.ts';", 'noRestrictedImports'],
  ['workflows', "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;", 'noNodejsModules'],
  ['sandbox', "export { a } from '../workers/a.ts';", 'noRestrictedImports'],
  ['cli/verbs', "export type { a } from '../../workers/a.ts';", 'noRestrictedImports'],
  ['contracts/words', "export { z } from 'zod';", 'noRestrictedImports'],
  ['models', "export const a = process.env['A'];", 'noProcessEnv'],
  ['policy', "export const a = () => console.log('a');", 'noConsole'],
  ['forge', 'export default 1;', 'noDefaultExport'],
  ['artifacts', 'export const a = (b: any): unknown => b;', 'noExplicitAny'],
  ['contracts', "export * from './ids.ts';", 'noReExportAll'],
  ['contracts', `export const a = [\n${'  1,\n'.repeat(400)}];`, 'noExcessiveLinesPerFile'],
] as const;

const free = [
  ['workflows', "export type { TaskId } from '../contracts/ids.ts';"],
  ['workers', "export const a = process.env['A'];\nexport { b } from '../sandbox/b.ts';"],
  ['cli', "export { a } from './verbs/a.ts';"],
] as const;

/** A checkout that holds the configuration and the planted files only: the rules go by folder. */
const checkout = mkdtempSync(join(tmpdir(), 'longhaul-lint-'));
afterAll(() => rmSync(checkout, { recursive: true }));
for (const name of ['biome.json', '.oxlintrc.json', 'tsconfig.json', 'package.json']) {
  copyFileSync(join(root, name), join(checkout, name));
}
symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));

function plant(folder: string, name: string, source: string): string {
  mkdirSync(join(checkout, folder), { recursive: true });
  writeFileSync(join(checkout, folder, `${name}.ts`), `${source}\n`);
  return `${folder}/${name}.ts`;
}

function lint(tool: 'biome' | 'oxlint', args: readonly string[]): string {
  const bin = join(root, 'node_modules', '.bin', tool);
  const { stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: checkout, encoding: 'utf8' });
  return stdout + stderr;
}

const files = planted.map(([folder, source], index) => plant(folder, `planted-${index}`, source));
const freeFiles = free.map(([folder, source], index) => plant(folder, `free-${index}`, source));
const output = lint('biome', ['lint', '--max-diagnostics=none', '--reporter=github', '.']);

test.each(planted.map(([folder, , rule], index) => ({ rule, folder, index })))(
  'biome refuses $rule in $folder/ ($index)',
  ({ rule, index }) => {
    const lines = output.split('\n').filter((line) => line.includes(files[index] ?? ''));
    expect(lines.join('\n'), output.slice(0, 2_000)).toContain(rule);
  },
);

test('biome leaves alone what each folder may do', () => {
  expect(output.split('\n').filter((line) => freeFiles.some((file) => line.includes(file)))).toEqual([]);
});

test('oxlint refuses a promise that nobody awaits, and a value from contracts/ in workflows/', () => {
  const awaited = 'export async function a(): Promise<void> {}\nexport function b(): void {\n  a();\n}';
  const promise = plant('forge', 'promise', awaited);
  const value = plant('workflows', 'value', "export { LonghaulError } from '../contracts/error.ts';");
  const found = lint('oxlint', ['--type-aware', promise, value]);
  expect(found).toContain('no-floating-promises');
  expect(found).toContain('no-restricted-imports');
  expect(lint('oxlint', ['--type-aware', ...freeFiles])).toContain('0 errors');
});
