import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  cacheDirectory,
  diskError,
  ensurePrivateDirectory,
  stateDirectory,
} from '../../../workers/state-dir.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

test.each([
  [{ LONGHAUL_HOME: '/data/longhaul', XDG_STATE_HOME: '/state' }, '/data/longhaul'],
  [{ XDG_STATE_HOME: '/state' }, '/state/longhaul'],
  [{ XDG_STATE_HOME: 'relative' }, join(homedir(), '.local/state/longhaul')],
  [{ LONGHAUL_HOME: '' }, join(homedir(), '.local/state/longhaul')],
])('with %j the state directory is %s', (env, directory) => {
  expect(stateDirectory(env)).toBe(directory);
});

test('a relative LONGHAUL_HOME is refused: it would be another directory from each folder', () => {
  expect(() => stateDirectory({ LONGHAUL_HOME: 'here' })).toThrow(
    expect.objectContaining({ code: 'config.invalid', message: expect.stringContaining('"here"') }),
  );
});

test('the cache lies in XDG_CACHE_HOME, else in ~/.cache', () => {
  expect(cacheDirectory({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/longhaul');
  expect(cacheDirectory({})).toBe(join(homedir(), '.cache/longhaul'));
});

test('a directory is made for its owner alone, and an existing one is left as it is', async () => {
  const parent = await temporaryDirectory();
  const made = ensurePrivateDirectory(join(parent, 'a', 'b'));
  expect(statSync(made).mode & 0o777).toBe(0o700);
  mkdirSync(join(parent, 'open'));
  chmodSync(join(parent, 'open'), 0o755);
  ensurePrivateDirectory(join(parent, 'open'));
  expect(statSync(join(parent, 'open')).mode & 0o777).toBe(0o755);
});

test('a directory that cannot be made says which and what to do', async () => {
  const file = join(await temporaryDirectory(), 'file');
  writeFileSync(file, '');
  expect(() => ensurePrivateDirectory(join(file, 'below'))).toThrow(
    expect.objectContaining({
      code: 'disk.no_permission',
      message: expect.stringContaining('LONGHAUL_HOME'),
    }),
  );
});

test('a full disk is told from one that may not be written', () => {
  const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  expect(diskError(full, 'write x').code).toBe('disk.full');
  expect(diskError(Object.assign(new Error('no'), { code: 'EROFS' }), 'write x').code).toBe(
    'disk.no_permission',
  );
});
