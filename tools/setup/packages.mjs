import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withProcessLock } from '../../workers/process-lock.mjs';
import { fail, say, seconds } from './output.mjs';
import { runQuietly } from './run.mjs';

/**
 * What the installed packages depend on. Not the version of the Node that runs set-up: the lock file pins the Node that
 * runs everything else, and `npm run` finds that one first from the second time on.
 * @param {string} root
 */
export function packagesKey(root) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  return `${lock} ${process.platform} ${process.arch}`;
}

/** @param {string} root */
function stampFile(root) {
  return join(root, 'node_modules', '.longhaul-setup');
}

/** @param {string} root */
function isInstalled(root) {
  const stamp = stampFile(root);
  if (!existsSync(stamp)) return false;
  const found = readFileSync(stamp, 'utf8');
  if (found === packagesKey(root)) return true;
  // `npm install` of one package changes the lock file and installs it: nothing is left to do then.
  const sameMachine = found.split(' ').slice(1).join(' ') === packagesKey(root).split(' ').slice(1).join(' ');
  if (!sameMachine || !isInStep(root)) return false;
  writeFileSync(stamp, packagesKey(root));
  return true;
}

/**
 * Whether node_modules holds the very versions of the lock file, by npm's own list of what it installed.
 * @param {string} root
 */
function isInStep(root) {
  try {
    /** @type {(file: string) => Record<string, { version?: string, optional?: boolean }>} */
    const read = (file) => JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
    const installed = read('node_modules/.package-lock.json');
    return Object.entries(read('package-lock.json')).every(
      ([path, wanted]) => path === '' || wanted.optional || installed[path]?.version === wanted.version,
    );
  } catch {
    return false;
  }
}

/** npm runs this script and tells where it is: the same npm, without a shell, on every platform. */
function npm() {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (!script?.endsWith('.js')) return ['npm'];
  // The Node of the last installation goes away in this one.
  return [node !== undefined && existsSync(node) ? node : process.execPath, script];
}

/** @param {string} root */
function countPackages(root) {
  try {
    return readdirSync(join(root, 'node_modules')).length;
  } catch {
    return 0;
  }
}

/**
 * Installs the packages of the lock file, once for each lock file and platform; of two at once one installs.
 * @param {string} root
 */
export async function ensurePackages(root) {
  if (isInstalled(root)) return;
  let saidMs = -2_000;
  /** @type {(pid: number, waitedMs: number) => void} */
  const onWait = (pid, waitedMs) => {
    if (waitedMs - saidMs < 2_000) return;
    saidMs = waitedMs;
    say(`waiting for process ${pid}, which installs the packages (${Math.round(waitedMs / 1000)} s)`);
  };
  await withProcessLock(join(root, '.longhaul-setup.lock'), { onWait }, async () => {
    if (!isInstalled(root)) await install(root);
  });
}

/** @param {string} root */
async function install(root) {
  say('installing the packages of package-lock.json, once (about a minute)');
  const from = Date.now();
  const [program = 'npm', ...args] = npm();
  const { code, output } = await runQuietly(
    'npm ci',
    [program, ...args, 'ci', '--no-audit', '--no-progress'],
    {
      cwd: root,
      describe: () => `npm ci: ${countPackages(root)} folders in node_modules`,
    },
  );
  if (code !== 0) {
    fail(
      `npm ci failed (${code ?? 'not started'}) in ${root}:\n${output}\nCheck the network and the registry (npm config get registry), then run the same command again.`,
    );
  }
  writeFileSync(stampFile(root), packagesKey(root));
  say(`packages are ready (${seconds(from)})`);
}
