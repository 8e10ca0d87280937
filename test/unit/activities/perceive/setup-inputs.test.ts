import { expect, it } from 'vitest';
import { readManifests } from '../../../../activities/perceive/manifests.ts';
import { findSetupInputs } from '../../../../activities/perceive/setup-inputs.ts';
import { madeTree } from '../../../helpers/made-tree.ts';

async function inputsOf(files: Readonly<Record<string, string>>, commands: readonly string[]) {
  const tree = madeTree(files);
  return findSetupInputs(tree.entries, await readManifests(tree, []), commands);
}

const files = {
  'package.json': '{}',
  'package-lock.json': '{}',
  'packages/a/package.json': '{}',
  'node_modules/x/package.json': '{}',
  '.npmrc': 'x',
  'patches/react.patch': 'x',
  'src/index.ts': 'x',
  'deps/list.txt': 'x',
};

it('a plain install depends on manifests, lock files and patches, and on no code', async () => {
  const inputs = await inputsOf(files, ['npm ci', 'pip install -r deps/list.txt']);
  expect(inputs.map(({ path }) => path)).toEqual([
    '.npmrc',
    'deps/list.txt',
    'package-lock.json',
    'package.json',
    'packages/a/package.json',
    'patches/react.patch',
  ]);
});

it('its inputs change with the content of a lock file, and not with code', async () => {
  const before = await inputsOf(files, ['npm ci']);
  expect(await inputsOf({ ...files, 'src/index.ts': 'y' }, ['npm ci'])).toEqual(before);
  expect(await inputsOf({ ...files, 'package-lock.json': '{"a":1}' }, ['npm ci'])).not.toEqual(before);
});

it.each([
  ['npm ci && npm run build'],
  ['./scripts/setup.sh'],
  ['make deps'],
  ['pip install -e .'],
  ['npm ci; rm x'],
])('%j may read anything, so all files count', async (command) => {
  const before = await inputsOf(files, ['npm ci', command]);
  expect(before.map(({ path }) => path)).toEqual(['.']);
  expect(await inputsOf({ ...files, 'src/index.ts': 'y' }, ['npm ci', command])).not.toEqual(before);
});

it('a package that runs a script of its own after installing depends on all files', async () => {
  const built = { ...files, 'package.json': JSON.stringify({ scripts: { prepare: 'tsc' } }) };
  expect((await inputsOf(built, ['npm ci'])).map(({ path }) => path)).toEqual(['.']);
});
