import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { say, seconds } from './output.mjs';
import { runQuietly } from './run.mjs';

/**
 * One row for each package manager: its commands in order, the last one installs.
 * @type {Readonly<Record<string, readonly (readonly [string, ...string[]])[]>>}
 */
export const managers = {
  'apt-get': [
    ['apt-get', 'update', '-q'],
    ['apt-get', 'install', '-y', '-q', '--no-install-recommends', 'bubblewrap'],
  ],
  dnf: [['dnf', 'install', '-y', 'bubblewrap']],
  apk: [['apk', 'add', '--no-cache', 'bubblewrap']],
  pacman: [['pacman', '-Sy', '--noconfirm', 'bubblewrap']],
  zypper: [['zypper', '--non-interactive', 'install', 'bubblewrap']],
};

/**
 * @param {string} program
 * @param {string} [path]
 */
function isOnPath(program, path = process.env['PATH'] ?? '') {
  return path.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return directory !== '';
    } catch {
      return false;
    }
  });
}

/** Whether commands can run as root without anybody typing a password: undefined when they cannot, else what stands before them. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  if (!isOnPath('sudo')) return undefined;
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

/**
 * What to do about bubblewrap: commands to run in order, or a line that tells the person; neither when there is nothing to do.
 * @param {{ has: (program: string) => boolean, prefix: readonly string[] | undefined }} machine
 * @returns {{ commands: readonly string[][], manager: string } | { tell: string } | undefined}
 */
export function bubblewrapPlan({ has, prefix }) {
  if (has('bwrap')) return undefined;
  const manager = Object.keys(managers).find((name) => has(name));
  const commands = manager === undefined ? [] : (managers[manager] ?? []);
  const install = commands.at(-1);
  if (manager === undefined || install === undefined) {
    return {
      tell: 'bubblewrap is missing, and no known package manager is there: install `bwrap`, tasks run in it',
    };
  }
  if (prefix === undefined) {
    return { tell: `bubblewrap is missing, and tasks run in it. Install it: sudo ${install.join(' ')}` };
  }
  const environment = ['env', 'DEBIAN_FRONTEND=noninteractive'];
  return { manager, commands: commands.map((command) => [...prefix, ...environment, ...command]) };
}

/**
 * Installs bubblewrap on Linux where that needs no password, else prints the one command and goes on:
 * the sandbox refuses to run without it, and what needs no sandbox works.
 */
export async function ensureBubblewrap() {
  if (process.platform !== 'linux' || isOnPath('bwrap')) return;
  const plan = bubblewrapPlan({ has: (program) => isOnPath(program), prefix: rootPrefix() });
  if (plan === undefined) return;
  if ('tell' in plan) {
    say(plan.tell);
    return;
  }
  say(`installing bubblewrap, in which tasks run, with ${plan.manager}`);
  const from = Date.now();
  let output = '';
  for (const [program = '', ...args] of plan.commands) {
    // Not fatal one by one: lists that cannot be refreshed may still be good enough.
    ({ output } = await runQuietly(args.slice(args.indexOf('DEBIAN_FRONTEND=noninteractive') + 1).join(' '), [
      program,
      ...args,
    ]));
  }
  if (isOnPath('bwrap')) say(`bubblewrap is ready (${seconds(from)})`);
  else
    say(
      `bubblewrap could not be installed, and tasks run in it:\n${output}\nInstall it yourself, then go on.`,
    );
}
