import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workflowBundle } from '../../../workers/bundle.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

test('the bundle is made once, and one that was not used for months goes when another is made', async () => {
  const cacheDir = await temporaryDirectory();
  const bundles = join(cacheDir, 'bundles');
  const old = join(bundles, 'workflows-old.js');
  mkdirSync(bundles);
  writeFileSync(old, '');
  utimesSync(old, 0, 0);

  const { codePath } = await workflowBundle({ cacheDir });
  const made = statSync(codePath);
  expect(made.size).toBeGreaterThan(1_000_000);
  expect(existsSync(old)).toBe(false);
  expect(await workflowBundle({ cacheDir })).toEqual({ codePath });
  expect(statSync(codePath).mtimeMs).toBe(made.mtimeMs);
  expect(readdirSync(bundles)).toHaveLength(1);
});
