import { expect, test } from 'vitest';
import { seccompFilter } from '../../../../sandbox/keeper/seccomp.ts';

const allow = 0x7fff0000;
const refuse = 0x00050001;
const unknown = 0x00050026;
const audit = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;

/** Runs the filter on one system call, as the kernel would (linux/filter.h). */
function decide(
  architecture: 'x64' | 'arm64',
  call: { readonly number: number; readonly argument?: number; readonly audit?: number },
): number {
  const program = seccompFilter(architecture) ?? Buffer.alloc(0);
  const data = new Map([
    [0, call.number],
    [4, call.audit ?? audit[architecture]],
    [16, call.argument ?? 0],
  ]);
  let loaded = 0;
  for (let at = 0; at < program.length; at += 8) {
    const value = program.readUInt32LE(at + 4);
    const code = program.readUInt16LE(at);
    if (code === 0x06) return value;
    if (code === 0x20) {
      loaded = data.get(value) ?? 0;
      continue;
    }
    const taken = { 21: loaded === value, 53: loaded >= value, 69: (loaded & value) !== 0 }[code];
    at += 8 * program.readUInt8(at + (taken ? 2 : 3));
  }
  throw new Error('the program ran out');
}

test.each([
  ['read', { number: 0 }, allow],
  ['execve', { number: 59 }, allow],
  ['ptrace', { number: 101 }, refuse],
  ['mount', { number: 165 }, refuse],
  ['unshare', { number: 272 }, refuse],
  ['bpf', { number: 321 }, refuse],
  ['io_uring_setup', { number: 425 }, refuse],
  ['keyctl', { number: 250 }, refuse],
  ['clone3', { number: 435 }, unknown],
  ['clone of a thread', { number: 56, argument: 0x3d0f00 }, allow],
  ['clone of a user namespace', { number: 56, argument: 0x10000011 }, refuse],
  ['socket AF_UNIX', { number: 41, argument: 1 }, allow],
  ['socket AF_INET6', { number: 41, argument: 10 }, allow],
  ['socket AF_VSOCK', { number: 41, argument: 40 }, refuse],
  ['socket AF_PACKET', { number: 41, argument: 17 }, refuse],
  ['a call of another architecture', { number: 0, audit: 0x40000003 }, refuse],
  ['a call of x32', { number: 0x40000000 }, refuse],
])('on x86-64, %s is answered as meant', (_name, call, answer) => {
  expect(decide('x64', call)).toBe(answer);
});

test.each([
  ['read', { number: 63 }, allow],
  ['mount', { number: 40 }, refuse],
  ['clone of a user namespace', { number: 220, argument: 0x10000011 }, refuse],
  ['clone of a process', { number: 220, argument: 17 }, allow],
  ['socket AF_VSOCK', { number: 198, argument: 40 }, refuse],
  ['socket AF_INET', { number: 198, argument: 2 }, allow],
])('on arm64, %s is answered as meant', (_name, call, answer) => {
  expect(decide('arm64', call)).toBe(answer);
});

test('there is no filter for a processor whose numbers are not known', () => {
  expect(seccompFilter('mips')).toBeNull();
});
