import fc from 'fast-check';
import { expect, test } from 'vitest';
import { subtractRanges } from '../../../../tools/cluster/net-policy/address-ranges.ts';

test.each([
  ['10.0.0.0/8', [], ['10.0.0.0/8']],
  ['10.0.0.0/30', ['10.0.0.1/32'], ['10.0.0.0/32', '10.0.0.2/31']],
  ['10.0.0.0/24', ['10.0.0.0/16'], []],
  ['10.0.0.0/24', ['192.168.0.0/16'], ['10.0.0.0/24']],
  ['0.0.0.0/0', ['128.0.0.0/1'], ['0.0.0.0/1']],
  ['10.0.0.9', [], ['10.0.0.9/32']],
])('%s without %j is %j', (range, excepted, left) => {
  expect(subtractRanges(range, excepted)).toEqual(left);
});

const numberOf = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

function isIn(address: number, range: string): boolean {
  const [first = '', length = '32'] = range.split('/');
  const size = 2 ** (32 - Number(length));
  return Math.floor(address / size) === Math.floor(numberOf(first) / size);
}

test('an address is in what is left when it is in the range and in nothing that is excepted', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  const address = fc.tuple(byte, byte).map(([a, b]) => `10.20.${a}.${b}`);
  const range = fc
    .tuple(address, fc.integer({ min: 14, max: 32 }))
    .map(([first, length]) => `${first}/${length}`);
  fc.assert(
    fc.property(range, fc.array(range, { maxLength: 4 }), address, (whole, excepted, one) => {
      const number = numberOf(one);
      const wanted = isIn(number, whole) && !excepted.some((other) => isIn(number, other));
      expect(subtractRanges(whole, excepted).some((part) => isIn(number, part))).toBe(wanted);
    }),
  );
});
