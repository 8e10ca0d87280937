import { expect, test } from 'vitest';
import { parseStatus, readablePath } from '../../../../sandbox/keeper/changed-paths.ts';

test('the status of git is read with names as bytes', () => {
  const output = Buffer.from(
    '1 .M N... 100644 100644 100644 a b has space\0' +
      '1 .D N... 100644 100644 000000 a b gone\0? new\nline\0? nested/\0? \xff\0',
    'latin1',
  );
  const text = (names: readonly Buffer[]) => names.map((name) => name.toString('latin1'));
  const status = parseStatus(output);
  expect(text(status.changed)).toEqual(['has space']);
  expect(text(status.deleted)).toEqual(['gone']);
  expect(text(status.untracked)).toEqual(['new\nline', '\xff']);
  expect(text(status.nested)).toEqual(['nested']);
});

test('a name that is no UTF-8 is shown in the quoted form of git', () => {
  expect(readablePath(Buffer.from('ä'))).toBe('ä');
  expect(readablePath(Buffer.from([0x61, 0xff, 0x22]))).toBe('"a\\377\\042"');
});
