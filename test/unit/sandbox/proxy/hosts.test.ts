import { expect, test } from 'vitest';
import { isPrivateAddress } from '../../../../sandbox/proxy/addresses.ts';
import { parseAllowList } from '../../../../sandbox/proxy/allow-list.ts';

test.each([
  ['a.example', 'a.example', 443, true, false],
  ['a.example', 'a.example', 80, true, false],
  ['a.example', 'a.example', 8080, false, false],
  ['a.example', 'A.Example.', 443, true, false],
  ['a.example', 'b.a.example', 443, false, false],
  ['a.example', 'xa.example', 443, false, false],
  ['a.example:8080', 'a.example', 8080, true, true],
  ['a.example:8080', 'a.example', 443, false, false],
  ['*.example.com', 'x.y.example.com', 443, true, false],
  ['*.example.com', 'example.com', 443, false, false],
  ['*.example.com', 'badexample.com', 443, false, false],
  ['*.example.com:444', 'x.example.com', 444, true, false],
  ['127.0.0.1:1', '127.0.0.1', 1, true, true],
  ['[::1]:1', '::1', 1, true, true],
])('the entry %s answers %s:%i', (entry, host, port, listed, exact) => {
  expect(parseAllowList([entry])(host, port)).toEqual({ listed, exact });
});

test.each(['', 'http://a', 'a b', '*', '*.', 'a:0', 'a:70000', 'a:x', 'a/b', '*a.example', 'a..', 'user@a'])(
  'the entry %j is refused',
  (entry) => {
    expect(() => parseAllowList([entry])).toThrow(expect.objectContaining({ code: 'usage.invalid' }));
  },
);

test.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '::1',
  '::',
  'fe80::1',
  'fd00::1',
  '::ffff:10.0.0.1',
  '64:ff9b::a00:1',
  'ff02::1',
])('%s is no public address', (address) => {
  expect(isPrivateAddress(address)).toBe(true);
});

test.each(['1.1.1.1', '172.32.0.1', '9.255.255.255', '2606:4700::1111', '::ffff:1.1.1.1'])(
  '%s is public',
  (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  },
);
