import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workerBuild } from '../../../workers/build.ts';
import { deploymentName } from '../../../workers/versions/deployment.ts';
import { keepBundle } from '../../../workers/versions/kept-bundles.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

async function bundle(code: string) {
  const path = join(await temporaryDirectory(), 'code.js');
  writeFileSync(path, code);
  return path;
}
const buildOf = (path: string) => workerBuild({ LONGHAUL_WORKFLOW_BUNDLE: path });

test('a build is named by the version and by its code; where it was made is no part of it', async () => {
  const here = await buildOf(await bundle('code\n//# sourceMappingURL=data:/here'));
  const there = await buildOf(await bundle('code\n//# sourceMappingURL=data:/there'));
  const other = await buildOf(await bundle('other code\n//# sourceMappingURL=data:/here'));
  expect(here.buildId).toMatch(/^\d+\.\d+\.\d+-[0-9a-f]{12}$/);
  expect(there.buildId).toBe(here.buildId);
  expect(other.buildId).not.toBe(here.buildId);
});

test('a kept bundle is the build that it was, also for a later version; another file of that name is not', async () => {
  const home = await temporaryDirectory();
  const codePath = await bundle('code');
  const { buildId } = await buildOf(codePath);
  const old = buildId.replace(/^[^-]+/, '0.0.9');
  await keepBundle(home, { buildId: old, codePath });
  const kept = join(home, 'versions', `${old}.js`);
  expect((await buildOf(kept)).buildId).toBe(old);
  await keepBundle(home, { buildId: old, codePath: kept });

  renameSync(await bundle('other code'), kept);
  expect((await buildOf(kept)).buildId).not.toBe(old);
});

test.each([
  ['a relative path', 'code.js'],
  ['a file that is not there', '/no/such/code.js'],
])('refuses %s', async (_, path) => {
  await expect(buildOf(path)).rejects.toMatchObject({ code: 'config.invalid' });
});

test('a deployment has the name of its queue, without what Temporal refuses, and no two queues share one', () => {
  expect(deploymentName('longhaul-0123456789ab')).toBe('longhaul-0123456789ab');
  const names = ['a.b', 'a:b', 'a-b', '__ab'].map(deploymentName);
  expect(new Set(names).size).toBe(4);
  for (const name of names) expect(name).not.toMatch(/[.:]|^__/);
});
