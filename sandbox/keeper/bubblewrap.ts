import { agentEnvironment } from '../inside.ts';
import type { Mount } from './root-files.ts';

export interface BubblewrapInput {
  readonly uid: number;
  readonly gid: number;
  /** In this order: a later mount may lie on an earlier one. */
  readonly mounts: readonly Mount[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** Whether this bwrap can forbid further user namespaces (0.8.0); the system call filter does so as well. */
  readonly disableUserns: boolean;
  /** The descriptor that holds the compiled system call filter; null where there is none for this processor. */
  readonly seccompFd: number | null;
}

/** The environment that every command starts with; nothing of the keeper's own is inherited. */
export function baseEnvironment(searchPath: string): Readonly<Record<string, string>> {
  return { PATH: searchPath, ...agentEnvironment };
}

/**
 * The options of bwrap(1): all namespaces its own, no network, no capability, no further user namespace, an empty environment, and
 * the end of everything when the keeper ends.
 */
export function bubblewrapOptions(input: BubblewrapInput): string[] {
  return [
    '--unshare-all',
    // --unshare-all asks for a user namespace only where one is to be had.
    '--unshare-user',
    ...(input.disableUserns ? ['--disable-userns'] : []),
    '--new-session',
    // The runner takes the place of bwrap's own first process, whose memory commands could write.
    '--as-pid-1',
    '--die-with-parent',
    '--cap-drop',
    'ALL',
    '--hostname',
    'sandbox',
    '--uid',
    String(input.uid),
    '--gid',
    String(input.gid),
    '--clearenv',
    ...Object.entries(input.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    '--perms',
    '0755',
    '--dir',
    '/run',
    '--perms',
    '0755',
    '--dir',
    '/home',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    ...input.mounts.flatMap(mountArguments),
    '--chdir',
    input.workingDirectory,
    ...(input.seccompFd === null ? [] : ['--seccomp', String(input.seccompFd)]),
  ];
}

/** One mount as options of bwrap(1). */
export function mountArguments(mount: Mount): string[] {
  switch (mount.kind) {
    case 'symlink':
      return ['--symlink', mount.target, mount.to];
    case 'read-only':
      return ['--ro-bind', mount.from, mount.to];
    case 'closed':
      return ['--remount-ro', mount.to];
    case 'read-write':
      return ['--bind', mount.from, mount.to];
  }
}
