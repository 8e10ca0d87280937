import { expect, test } from 'vitest';
import { checksumOf } from '../../../../workers/embedded-server/download-binary.ts';
import { goProblem } from '../../../../workers/go-build.ts';

test.each([
  [{ version: '1.26.8', toolchain: 'local' }, undefined],
  [{ version: '1.22.1', toolchain: 'auto' }, undefined],
  [{ version: '1.22.1', toolchain: 'local' }, 'Go 1.22.1 is on PATH, and 1.26.8 is needed'],
  [{ version: '1.22.1', toolchain: 'go1.22.1' }, 'Go 1.22.1 is on PATH, and 1.26.8 is needed'],
  [{ version: '1.20.0', toolchain: 'auto' }, 'Go 1.20.0 is on PATH, and 1.26.8 is needed'],
])('with %j building is possible, or the problem is %s', (found, problem) => {
  expect(goProblem(found, '1.26.8')).toBe(problem);
});

test('a checksum is taken from the line of the very archive', () => {
  const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
  expect(checksumOf(`${a}  x.tar.gz.sig\n${b}  x.tar.gz\n`, 'x.tar.gz')).toBe(b);
  expect(() => checksumOf(`${a}  y.tar.gz\nshort  x.tar.gz`, 'x.tar.gz')).toThrow('do not list x.tar.gz');
});
