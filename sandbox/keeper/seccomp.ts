/**
 * A system call filter as classic BPF, for bwrap's --seccomp. It refuses with EPERM what no build or test needs and what has been used to
 * get out of sandboxes: kernel keys, BPF, io_uring (whose workers go on while a process is stopped), userfaultfd, performance events,
 * modules, mounts, other namespaces, and sockets other than local and Internet ones (vsock reaches the host of a virtual machine and
 * knows no network namespace). See seccomp(2) and linux/filter.h.
 */
export function seccompFilter(architecture: string): Buffer | null {
  const table = tables[architecture];
  if (table === undefined) return null;
  const program: Instruction[] = [];
  const refused = [...table.refused];
  // Layout: check the architecture, then the number, then each refused call, then the first argument of clone and socket.
  program.push(load(offset.architecture));
  program.push(jumpEqual(table.audit, 1, 0), answer(action.refuse));
  program.push(load(offset.number));
  // x32 calls on x86-64 have this bit; they would be the same calls under other numbers.
  if (table.x32Bit !== null) program.push(jumpAtLeast(table.x32Bit, 0, 1), answer(action.refuse));
  for (const call of refused) program.push(jumpEqual(call, 0, 1), answer(action.refuse));
  // Programs fall back to clone, whose flags can be read here; those of clone3 lie in memory.
  program.push(jumpEqual(clone3, 0, 1), answer(action.unknown));
  program.push(jumpEqual(table.clone, 0, 4), load(offset.firstArgument));
  program.push(jumpAnyBit(cloneNewUser, 0, 1), answer(action.refuse), answer(action.allow));
  program.push(jumpEqual(table.socket, 1, 0), answer(action.allow));
  program.push(load(offset.firstArgument));
  for (const family of allowedFamilies) program.push(jumpEqual(family, 0, 1), answer(action.allow));
  program.push(answer(action.refuse));
  return Buffer.concat(program.map(encode));
}

interface Instruction {
  readonly code: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly value: number;
}

const offset = { number: 0, architecture: 4, firstArgument: 16 } as const;
const errno = { EPERM: 1, ENOSYS: 38 } as const;
const action = {
  allow: 0x7fff0000,
  refuse: 0x00050000 | errno.EPERM,
  unknown: 0x00050000 | errno.ENOSYS,
} as const;
const clone3 = 435;
/** CLONE_NEWUSER: with a user namespace of its own a command would have all capabilities in it. */
const cloneNewUser = 0x10000000;
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: the last for listing interfaces. */
const allowedFamilies = [1, 2, 10, 16];

const load = (from: number): Instruction => ({ code: 0x20, ifTrue: 0, ifFalse: 0, value: from });
const answer = (value: number): Instruction => ({ code: 0x06, ifTrue: 0, ifFalse: 0, value });
const jumpEqual = (value: number, ifTrue: number, ifFalse: number): Instruction => ({
  code: 0x15,
  ifTrue,
  ifFalse,
  value,
});
const jumpAtLeast = (value: number, ifTrue: number, ifFalse: number): Instruction => ({
  code: 0x35,
  ifTrue,
  ifFalse,
  value,
});

const jumpAnyBit = (value: number, ifTrue: number, ifFalse: number): Instruction => ({
  code: 0x45,
  ifTrue,
  ifFalse,
  value,
});

function encode(instruction: Instruction): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(instruction.code, 0);
  bytes.writeUInt8(instruction.ifTrue, 2);
  bytes.writeUInt8(instruction.ifFalse, 3);
  bytes.writeUInt32LE(instruction.value, 4);
  return bytes;
}

interface Table {
  readonly audit: number;
  readonly x32Bit: number | null;
  readonly socket: number;
  readonly clone: number;
  readonly refused: readonly number[];
}

/** Numbers of asm/unistd_64.h and asm-generic/unistd.h; from 424 on they are the same everywhere. */
const everywhere = {
  ioUringSetup: 425,
  ioUringEnter: 426,
  ioUringRegister: 427,
  openTree: 428,
  moveMount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  pidfdGetfd: 438,
  mountSetattr: 442,
} as const;

// Tracing another process of the same user would let a command speak for the runner: a failed step would be recorded as passed.
const x64 = {
  ptrace: 101,
  processVmReadv: 310,
  processVmWritev: 311,
  kcmp: 312,
  pivotRoot: 155,
  acct: 163,
  mount: 165,
  umount2: 166,
  swapon: 167,
  swapoff: 168,
  reboot: 169,
  initModule: 175,
  deleteModule: 176,
  quotactl: 179,
  kexecLoad: 246,
  addKey: 248,
  requestKey: 249,
  keyctl: 250,
  unshare: 272,
  perfEventOpen: 298,
  openByHandleAt: 304,
  setns: 308,
  finitModule: 313,
  kexecFileLoad: 320,
  bpf: 321,
  userfaultfd: 323,
} as const;

const arm64 = {
  ptrace: 117,
  processVmReadv: 270,
  processVmWritev: 271,
  kcmp: 272,
  umount2: 39,
  mount: 40,
  pivotRoot: 41,
  quotactl: 60,
  acct: 89,
  unshare: 97,
  kexecLoad: 104,
  initModule: 105,
  deleteModule: 106,
  reboot: 142,
  addKey: 217,
  requestKey: 218,
  keyctl: 219,
  swapon: 224,
  swapoff: 225,
  perfEventOpen: 241,
  openByHandleAt: 265,
  setns: 268,
  finitModule: 273,
  bpf: 280,
  userfaultfd: 282,
  kexecFileLoad: 294,
} as const;

const tables: Readonly<Record<string, Table>> = {
  x64: {
    audit: 0xc000003e,
    x32Bit: 0x40000000,
    socket: 41,
    clone: 56,
    refused: [...Object.values(x64), ...Object.values(everywhere)],
  },
  arm64: {
    audit: 0xc00000b7,
    x32Bit: null,
    socket: 198,
    clone: 220,
    refused: [...Object.values(arm64), ...Object.values(everywhere)],
  },
};
