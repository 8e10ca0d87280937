import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { promisify } from 'node:util';
import { baseEnvironment, bubblewrapOptions } from './keeper/bubblewrap.ts';
import { createLimits } from './keeper/limits.ts';
import { agentId, lentMounts, procMounts, searchPath, systemMounts } from './keeper/root-files.ts';
import { knowsDisableUserns, locateTools, type MachineInput, missingParts } from './machine.ts';

const run = promisify(execFile);
const probeLimitMs = 10_000;

export interface ProbeResult {
  readonly available: boolean;
  readonly findings: readonly string[];
}

/** Starts a sandbox that does nothing, and says what this machine can do or what it lacks. */
export async function probeMachine(input: MachineInput): Promise<ProbeResult> {
  const located = locateTools(input.searchPath);
  const missing = missingParts(platform(), located);
  if (missing.length > 0 || located.bwrap === null) return { available: false, findings: missing };
  const failure = await tryBubblewrap(located.bwrap, input);
  if (failure !== null) return { available: false, findings: [failure] };
  return {
    available: true,
    findings: [
      ...input.readOnlyPaths.filter((lent) => !existsSync(lent)).map(absentPath),
      await limitsFinding(),
      ...rootFinding(),
    ],
  };
}

const absentPath = (lent: string): string => `${lent} is to be lent to sandboxes but does not exist.`;

async function tryBubblewrap(bwrap: string, input: MachineInput): Promise<string | null> {
  const id = agentId(process.getuid?.() ?? 0);
  const options = bubblewrapOptions({
    uid: id,
    gid: id,
    disableUserns: knowsDisableUserns(bwrap),
    mounts: [...procMounts(), ...systemMounts([]), ...lentMounts(input.readOnlyPaths)],
    environment: baseEnvironment(searchPath(input.readOnlyPaths)),
    workingDirectory: '/',
    seccompFd: null,
  });
  const needsSetsid =
    'command -v setsid >/dev/null || { echo "setsid is missing: install util-linux" >&2; exit 1; }';
  try {
    await run(bwrap, [...options, '--', '/bin/sh', '-c', needsSetsid], { env: {}, timeout: probeLimitMs });
    return null;
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    return `bubblewrap cannot start a sandbox: ${stderr} ${namespaceRemedy(stderr, readSetting)}`.trim();
  }
}

function readSetting(name: string): string | null {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return null;
  }
}

/** The setting of the kernel that forbids user namespaces, and how to change it. */
export function namespaceRemedy(stderr: string, setting: (name: string) => string | null): string {
  if (setting('kernel/unprivileged_userns_clone') === '0') {
    return 'User namespaces are switched off: sudo sysctl -w kernel.unprivileged_userns_clone=1 (and the same in /etc/sysctl.d).';
  }
  if (setting('user/max_user_namespaces') === '0') {
    return 'User namespaces are switched off: sudo sysctl -w user.max_user_namespaces=15000 (and the same in /etc/sysctl.d).';
  }
  if (setting('kernel/apparmor_restrict_unprivileged_userns') === '1') {
    return 'AppArmor keeps user namespaces from programs without a profile: give bwrap one (/etc/apparmor.d/bwrap with "userns,"; packaged as apparmor-profiles on Ubuntu), then reload AppArmor.';
  }
  if (stderr.includes('Unknown option')) return 'This bubblewrap is too old: 0.5.0 or newer is needed.';
  if (/namespace|uid map|Operation not permitted/.test(stderr)) {
    return 'Inside a container, user namespaces must be allowed by its seccomp and AppArmor profile.';
  }
  return '';
}

async function limitsFinding(): Promise<string> {
  const limits = createLimits(`longhaul-probe-${process.pid}`, {
    memoryBytes: 64 * 1024 * 1024,
    processes: 16,
  });
  await limits.remove();
  switch (limits.kind) {
    case 'cgroup-v1':
      return 'Memory and processes are limited by control groups (version 1).';
    case 'cgroup-v2':
      return 'Memory and processes are limited by control groups (version 2).';
    case 'watch':
      return 'No control group can be made here: memory is watched four times a second, processes are limited by RLIMIT_NPROC. For the kernel to enforce both, run the worker in a systemd unit with Delegate=yes.';
  }
}

function rootFinding(): string[] {
  if (process.getuid?.() !== 0) return [];
  return [
    'The worker runs as root: commands of a sandbox have no capability, but files of root on this machine are theirs where they are mounted. A normal user is safer.',
  ];
}
