import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sweepCache } from '../../../../tools/cluster/sweep-cache.ts';
import { temporaryDirectory } from '../../../helpers/temporary-directory.ts';

const dayMs = 24 * 60 * 60 * 1000;

test('what nobody has used for 30 days goes, what is in use and what is not of this kind stays', async () => {
  const cache = await temporaryDirectory();
  const [used, other] = ['images-0123456789abcdef', 'fedcba9876543210'];
  for (const name of [used, other, 'run']) {
    mkdirSync(join(cache, name));
    writeFileSync(join(cache, name, 'file'), '');
  }
  const later = Date.now() + 29 * dayMs;
  expect(await sweepCache(cache, [join(cache, used)], later)).toEqual([]);
  expect(await sweepCache(cache, [join(cache, used)], later + 2 * dayMs)).toEqual([join(cache, other)]);
  expect(readdirSync(cache).sort()).toEqual([used, 'run']);
});
