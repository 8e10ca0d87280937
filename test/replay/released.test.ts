import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { workerVersion } from '../../workflows/worker-version.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const released = readFileSync(join(here, 'released.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const versionsOf = (kind: string) => readdirSync(join(here, kind)).sort();

function digestOf(version: string): string {
  const hash = createHash('sha256');
  for (const kind of ['contracts', 'histories']) {
    for (const file of readdirSync(join(here, kind, version)).sort())
      hash.update(`${kind}/${file}\0`).update(readFileSync(join(here, kind, version, file)));
  }
  return `sha256:${hash.digest('hex')}`;
}

test('histories and contracts of a released version are as they were released', () => {
  const kept = released.map((line) => line.split(' ')[0] ?? '');
  expect(kept.map((version) => `${version} ${digestOf(version)}`)).toEqual(released);
});

test('each version but the one that is being made is released, and has both', () => {
  const kept = released.map((line) => line.split(' ')[0] ?? '');
  const changelog = readFileSync(join(here, '../../CHANGELOG.md'), 'utf8');
  const making = changelog.includes(`## ${workerVersion()} (unreleased)`) ? [workerVersion()] : [];
  const all = [...kept, ...making].sort();
  expect(versionsOf('histories')).toEqual(all);
  expect(versionsOf('contracts')).toEqual(all);
});
