import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  checkBinary,
  isAtLeast,
  parseBinaryVersion,
} from '../../../../workers/embedded-server/binary-version.ts';
import { temporaryDirectory } from '../../../helpers/temporary-directory.ts';

test.each([
  ['1.28.0', '1.28.0', true],
  ['1.31.2', '1.28.0', true],
  ['1.9.9', '1.28.0', false],
  ['1.28', '1.28.0', true],
  ['2.0.0-rc.1', '1.28.0', true],
  ['1.27.10', '1.28.0', false],
])('%s is at least %s: %s', (version, minimum, expected) => {
  expect(isAtLeast(version, minimum)).toBe(expected);
});

test('the version is read from what the CLI prints, and nothing else passes for one', () => {
  expect(parseBinaryVersion('temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)\n')).toEqual({
    cli: '1.8.2',
    server: '1.31.2',
  });
  expect(parseBinaryVersion('tctl version 1.18')).toBeUndefined();
});

async function program(body: string): Promise<string> {
  const file = join(await temporaryDirectory(), 'temporal');
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

test.each([
  [
    'an old server',
    'echo "temporal version 1.3.0 (Server 1.27.1, UI 2.36.0)"',
    'server 1.27.1, and 1.31.0 is needed',
  ],
  ['another program', 'echo hello', 'answered "hello"'],
  ['one that crashes', 'exit 3', 'does not run'],
])('%s is unusable, with the reason', async (_name, body, reason) => {
  expect(await checkBinary(await program(body))).toEqual({ unusable: expect.stringContaining(reason) });
});
