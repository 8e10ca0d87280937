import { expect, test, vi } from 'vitest';
import { buildWorkflowBundle } from '../../workers/bundle.ts';

// webpack names each module that it took in; this is what a reader of the bundle can hold on to.
const modulesOf = (code: string) => [
  ...new Set(
    [...code.matchAll(/["'](\.\/[^"'\s]+\.(?:ts|js|mjs|cjs|json))["']/g)].map((match) => match[1] ?? ''),
  ),
];

// Two seconds on an idle machine; every test waits for it.
const bundle = buildWorkflowBundle();
vi.setConfig({ testTimeout: 120_000 });

test('the workflow bundle holds workflows and words, no activity, no adapter and no schema', async () => {
  const modules = modulesOf(await bundle);
  const ours = modules.filter((name) => name.endsWith('.ts') && !name.includes('node_modules'));
  expect(ours).toEqual(expect.arrayContaining([expect.stringContaining('workflows/index.ts')]));
  const allowed = /(?:^|\/)(?:workflows\/|contracts\/words\/)/;
  expect(ours.filter((name) => !allowed.test(name))).toEqual([]);
  expect(modules.filter((name) => /node_modules\/(?:zod|openai|yaml|@kubernetes)\//.test(name))).toEqual([]);
});

test('the workflow bundle needs no module of Node', async () => {
  expect((await bundle).match(/require\(["']node:[^"']+["']\)/g) ?? []).toEqual([]);
});

test('the workflow bundle stays under 2.2 MB', async () => {
  expect(Buffer.byteLength(await bundle)).toBeLessThan(2.2 * 1024 * 1024);
});
