import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { say, seconds } from './output.mjs';
import { runQuietly } from './run.mjs';

/**
 * One row for each package manager: the commands in order; of the first ones, which only refresh lists, a failure is no reason to stop.
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

/** What has to stand before a command that only root may run; undefined when that needs a password. */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  if (!isOnPath('sudo')) return undefined;
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

/**
 * Installs bubblewrap on Linux where that needs no password, else prints the one command and goes on:
 * the sandbox refuses to run without it, and what needs no sandbox works.
 */
export async function ensureBubblewrap() {
  if (process.platform !== 'linux' || isOnPath('bwrap')) return;
  const manager = Object.keys(managers).find((name) => isOnPath(name));
  const commands = manager === undefined ? [] : (managers[manager] ?? []);
  const install = commands.at(-1);
  if (install === undefined) {
    say('bubblewrap is missing, and no package manager that is known here: install `bwrap`, tasks run in it');
    return;
  }
  const prefix = asRoot();
  if (prefix === undefined) {
    say(`bubblewrap is missing, and tasks run in it. Install it: sudo ${install.join(' ')}`);
    return;
  }
  say(`installing bubblewrap, in which tasks run, with ${manager}`);
  const from = Date.now();
  let outcome = { code: /** @type {number | null} */ (0), output: '' };
  for (const command of commands) {
    const [program = '', ...args] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', ...command];
    outcome = await runQuietly(command.join(' '), [program, ...args]);
  }
  if (outcome.code === 0 && isOnPath('bwrap')) say(`bubblewrap is ready (${seconds(from)})`);
  else
    say(`bubblewrap could not be installed:\n${outcome.output}\nInstall it yourself: ${install.join(' ')}`);
}
