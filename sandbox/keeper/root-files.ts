import { existsSync, lstatSync, mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** One mount of the sandbox's root file system. */
export type Mount =
  | { readonly kind: 'read-only' | 'read-write'; readonly from: string; readonly to: string }
  /** No more writing to the file system that is mounted there itself; what is mounted below stays as it is. */
  | { readonly kind: 'closed'; readonly to: string }
  | { readonly kind: 'symlink'; readonly target: string; readonly to: string };

/** Directories of the system that programs live in. On merged systems most are symbolic links into /usr. */
const programDirectories = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/usr', '/opt'];

/** What programs read of /etc to work at all. Nothing here holds a secret; anything else of /etc stays unseen. */
const systemFiles = [
  'alternatives',
  'bash.bashrc',
  'ca-certificates',
  'ca-certificates.conf',
  'crypto-policies',
  'debian_version',
  'fonts',
  'gai.conf',
  'inputrc',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'locale.alias',
  'localtime',
  'lsb-release',
  'magic',
  'magic.mime',
  'maven',
  'mime.types',
  'nsswitch.conf',
  'os-release',
  'perl',
  'pki/ca-trust',
  'pki/tls/cert.pem',
  'pki/tls/certs',
  'pki/tls/openssl.cnf',
  'protocols',
  'redhat-release',
  'rpc',
  'services',
  'sgml',
  'ssl/cert.pem',
  'ssl/certs',
  'ssl/openssl.cnf',
  'terminfo',
  'timezone',
  'xattr.conf',
  'xml',
];
const systemPatterns = [/^java/, /^python/];

/**
 * Parts of /proc that belong to the whole machine. A normal user cannot write there; where root runs the keeper, the owner of these
 * files is who the commands are outside, and no capability is asked for.
 */
const machineWide = [
  'sys',
  'fs',
  'driver',
  'scsi',
  'acpi',
  'asound',
  'mtrr',
  'pressure',
  'irq',
  'bus',
  'sysrq-trigger',
];
const machineSecrets = [
  'kcore',
  'kmsg',
  'keys',
  'key-users',
  'kallsyms',
  'latency_stats',
  'sched_debug',
  'timer_list',
  'timer_stats',
];

/** Closes what a sandbox's own /proc shows of the machine. Comes after /proc is mounted. */
export function procMounts(): Mount[] {
  const present = (names: readonly string[]): string[] =>
    names.map((name) => `/proc/${name}`).filter(existsSync);
  return [
    ...present(machineWide).map(readOnly),
    ...present(machineSecrets).map((to): Mount => ({ kind: 'read-only', from: '/dev/null', to })),
  ];
}

/** The user id that commands see: their own for a normal user, an unprivileged one when root runs the keeper. */
export function agentId(uid: number): number {
  return uid === 0 ? 65532 : uid;
}

/** Writes the small files of /etc that tell who the agent is, and returns where each belongs. */
export function writeIdentityFiles(directory: string, uid: number, gid: number): Mount[] {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const files = {
    passwd: `root:x:0:0:root:/:/bin/sh\nagent:x:${uid}:${gid}::/home/agent:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n`,
    group: `root:x:0:\nagent:x:${gid}:\nnogroup:x:65534:\n`,
    hosts: '127.0.0.1 localhost sandbox\n::1 localhost\n',
    hostname: 'sandbox\n',
    'resolv.conf': '',
  };
  return Object.entries(files).map(([name, content]) => {
    const from = path.join(directory, name);
    writeFileSync(from, content, { mode: 0o644 });
    return { kind: 'read-only', from, to: `/etc/${name}` };
  });
}

/** The read-only part of the root: programs, libraries, certificates. */
export function systemMounts(entriesOfEtc: readonly string[]): Mount[] {
  const etc = [...systemFiles, ...entriesOfEtc.filter((name) => systemPatterns.some((p) => p.test(name)))];
  return [
    ...programDirectories.flatMap(programMount),
    ...etc
      .map((name) => `/etc/${name}`)
      .filter(existsSync)
      .map(readOnly),
  ];
}

/** What the operator lends. Comes last: it may lie below a directory that the sandbox has of its own. */
export function lentMounts(readOnlyPaths: readonly string[]): Mount[] {
  return readOnlyPaths.filter(existsSync).map(readOnly);
}

const readOnly = (where: string): Mount => ({ kind: 'read-only', from: where, to: where });

function programMount(directory: string): Mount[] {
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (stat.isSymbolicLink()) return [{ kind: 'symlink', target: readlinkSync(directory), to: directory }];
  return [readOnly(directory)];
}

/** PATH inside: the system's directories, Go's when it is there, and the `bin` and `shims` of what is lent, first. */
export function searchPath(readOnlyPaths: readonly string[]): string {
  const lent = readOnlyPaths.flatMap((lentPath) =>
    path.basename(lentPath) === 'bin' ? [lentPath] : [`${lentPath}/shims`, `${lentPath}/bin`],
  );
  const go = '/usr/local/go/bin';
  return [...lent, go]
    .filter(existsSync)
    .concat('/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin')
    .join(':');
}
