import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inside } from '../inside.ts';
import { leaseFile } from '../lease-files.ts';
import { baseEnvironment, bubblewrapOptions } from './bubblewrap.ts';
import {
  agentId,
  lentMounts,
  type Mount,
  procMounts,
  searchPath,
  systemMounts,
  writeIdentityFiles,
} from './root-files.ts';
import { seccompFd } from './sandbox-process.ts';
import { seccompFilter } from './seccomp.ts';

const runnerFile = fileURLToPath(new URL('../runner.sh', import.meta.url));

/** What a lease's sandboxes have in common: the one for setup and the one for the task. */
export interface SandboxPlan {
  readonly seccompFile: string | null;
  readonly command: readonly string[];
  /** Writes bwrap's options, with more mounts and variables on top, to a file and gives its path. */
  writeArguments(more: {
    readonly mounts: readonly Mount[];
    readonly environment: Readonly<Record<string, string>>;
  }): string;
}

/** Writes the files that every sandbox of the lease shows, and says how to start one. */
export function planSandbox(deps: {
  readonly leaseDirectory: string;
  readonly readOnlyPaths: readonly string[];
  readonly disableUserns: boolean;
  /** For RLIMIT_NPROC, the limit where there is no control group. */
  readonly processLimit: number;
  /** Mounts of the agent's view of the repository; see `makeAgentRepository`. */
  readonly gitMounts: readonly Mount[];
}): SandboxPlan {
  const at = (name: string): string => path.join(deps.leaseDirectory, name);
  const uid = agentId(process.getuid?.() ?? 0);
  const gid = agentId(process.getgid?.() ?? 0);
  for (const name of [leaseFile.home, leaseFile.tmp]) mkdirSync(at(name), { recursive: true, mode: 0o700 });
  // Not listable: what waits there for a later step is not for an earlier one to read.
  mkdirSync(at(leaseFile.control), { recursive: true, mode: 0o311 });

  // The kernel closes memory and descriptors of a process whose program its user cannot read (would_dump in fs/exec.c): commands are of
  // the same user, and could otherwise make the runner report what did not happen.
  copyFileSync('/bin/sh', at('sh'));
  chmodSync(at('sh'), 0o111);

  const filter = seccompFilter(process.arch);
  const seccompFile = filter === null ? null : at('seccomp.bpf');
  if (filter !== null && seccompFile !== null) writeFileSync(seccompFile, filter);

  const mounts: Mount[] = [
    ...procMounts(),
    ...systemMounts(readdirSync('/etc')),
    ...writeIdentityFiles(at(leaseFile.etc), uid, gid),
    { kind: 'read-write', from: at(leaseFile.workspace), to: inside.workspace },
    ...deps.gitMounts,
    { kind: 'read-write', from: at(leaseFile.home), to: inside.home },
    { kind: 'read-write', from: at(leaseFile.tmp), to: inside.tmp },
    { kind: 'read-only', from: at(leaseFile.control), to: inside.control },
    { kind: 'read-only', from: runnerFile, to: inside.runner },
    { kind: 'read-only', from: at('sh'), to: inside.shell },
    ...lentMounts(deps.readOnlyPaths),
  ];
  return {
    seccompFile,
    command: [inside.shell, inside.runner, inside.control, String(deps.processLimit)],
    writeArguments(more) {
      const options = bubblewrapOptions({
        uid,
        gid,
        disableUserns: deps.disableUserns,
        mounts: [...mounts, ...more.mounts, { kind: 'closed', to: '/' }],
        environment: { ...baseEnvironment(searchPath(deps.readOnlyPaths)), ...more.environment },
        workingDirectory: inside.workspace,
        seccompFd: seccompFile === null ? null : seccompFd,
      });
      const file = at('bwrap.args');
      writeFileSync(file, options.map((option) => `${option}\0`).join(''), { mode: 0o600 });
      return file;
    },
  };
}
