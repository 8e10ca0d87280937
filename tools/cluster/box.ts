import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, type ProcessIdentity, processStartTime } from '../../workers/process-lock.mjs';
import { openLog } from '../../workers/process-log.ts';
import { ClusterProblem } from './problem.ts';
import { type RunOptions, runProgram } from './run-program.ts';
import { waitFor } from './wait.ts';

export const identityOf = (pid: number): ProcessIdentity => ({ pid, startTime: processStartTime(pid) ?? '' });

/** The only child of a process; undefined while it has none. */
export function childOf(pid: number): number | undefined {
  try {
    const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
    return child > 0 ? child : undefined;
  } catch {
    return undefined;
  }
}

const commandOf = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
};

/** A process that runs on after this one, with its output in a log. */
export async function spawnDetached(
  program: string,
  args: readonly string[],
  options: { readonly log: string; readonly env: NodeJS.ProcessEnv; readonly cwd: string },
): Promise<ProcessIdentity> {
  const output = openLog(options.log);
  try {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', output, output],
    });
    await once(child, 'spawn');
    child.unref();
    return identityOf(child.pid ?? 0);
  } finally {
    closeSync(output);
  }
}

export interface Box {
  readonly holder: ProcessIdentity;
  readonly init: ProcessIdentity;
}

/**
 * Makes network, mount and process namespaces, held by one process: when that ends, the kernel ends all that run in them and
 * takes their mounts and links away. `started` is told of the outer process at once, so that nothing is left if this fails.
 */
export async function makeBox(
  programs: string,
  log: string,
  started: (holder: ProcessIdentity) => void,
): Promise<Box> {
  const namespaces = ['--fork', '--kill-child=KILL', '--pid', '--mount-proc', '--mount', '--net'];
  const holder = await spawnDetached('unshare', [...namespaces, '--', join(programs, 'pause')], {
    log,
    env: { PATH: process.env['PATH'] },
    cwd: '/',
  });
  started(holder);
  let init = 0;
  await waitFor(
    'new namespaces',
    10_000,
    () => {
      init = childOf(holder.pid) ?? 0;
      return init > 0 && commandOf(init) === 'pause';
    },
    () => {
      if (!isRunning(holder)) {
        throw new ClusterProblem(
          `Namespaces cannot be made here: unshare said "${readFileSync(log, 'utf8').trim().split('\n').at(-1)}". A container needs to be privileged for this.`,
        );
      }
    },
  );
  return { holder, init: identityOf(init) };
}

/** The arguments of nsenter for a program inside. Not `ip netns exec`, which hides the control groups from the kubelet. */
export const enterArguments = (pid: number) => ['-t', String(pid), '-n', '-m', '-p', '--'];

export function runInside(
  pid: number,
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return runProgram('nsenter', [...enterArguments(pid), program, ...args], options);
}

/** What the parts expect to write below the root of a machine is kept inside, and mounts of pods reach all parts. */
export async function makeMounts(pid: number, kubelet: string): Promise<void> {
  const inside = (program: string, ...args: string[]) => runInside(pid, program, args);
  await inside('mount', '-t', 'tmpfs', 'tmpfs', '/run');
  await inside('mount', '-t', 'tmpfs', 'tmpfs', '/var/log');
  await inside('mkdir', '-p', '/run/containerd', '/run/netns');
  mkdirSync('/var/lib/kubelet', { recursive: true });
  await inside('mount', '--bind', kubelet, '/var/lib/kubelet');
  await inside('mount', '--make-rshared', '/');
}
