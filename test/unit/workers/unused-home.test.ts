import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serverPaths } from '../../../workers/embedded-server/state-file.ts';
import { isUnusedHome } from '../../../workers/unused-home.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longhaul-unused-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

// No configuration file of the person counts here.
const environment = (more: Readonly<Record<string, string>> = {}) => ({
  LONGHAUL_HOME: join(folder, 'home'),
  TEMPORAL_CONFIG_FILE: join(folder, 'none.toml'),
  ...more,
});

test('a home that is not there yet is unused', () => {
  expect(isUnusedHome(environment())).toBe(true);
});

test('a home with a server’s database is not, also while no server runs: it may hold tasks', () => {
  const env = environment({ LONGHAUL_HOME: folder });
  expect(isUnusedHome(env)).toBe(true);
  writeFileSync(serverPaths(folder).database, '');
  expect(isUnusedHome(env)).toBe(false);
});

test('with a server of one’s own no home is unused', () => {
  expect(isUnusedHome(environment({ TEMPORAL_ADDRESS: 'temporal.example:7233' }))).toBe(false);
});
