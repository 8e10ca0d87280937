import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workflowBundle } from '../../../workers/bundle.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

test('the bundle is made once, a half written one is made again, and what is old goes', async () => {
  const cacheDir = await temporaryDirectory();
  const { codePath } = await workflowBundle({ cacheDir });
  const made = statSync(codePath).mtimeMs;
  expect(await workflowBundle({ cacheDir })).toEqual({ codePath });
  expect(statSync(codePath).mtimeMs).toBe(made);

  const whole = readFileSync(codePath, 'utf8');
  writeFileSync(codePath, whole.slice(0, 1_000));
  const old = join(cacheDir, 'bundles', 'workflows-old.js');
  writeFileSync(old, '');
  utimesSync(old, 0, 0);
  expect(await workflowBundle({ cacheDir })).toEqual({ codePath });
  expect(readFileSync(codePath, 'utf8')).toHaveLength(whole.length);
  expect(readdirSync(join(cacheDir, 'bundles'))).toHaveLength(1);
});
