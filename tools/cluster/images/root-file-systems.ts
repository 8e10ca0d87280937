import {
  appendFile,
  chmod,
  chown,
  copyFile,
  cp,
  mkdir,
  readdir,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { type RunOptions, runProgram } from '../run-program.ts';
import { debianSuite, npmVersion, pythonPackages, taskPackages, taskUserId } from './contents.ts';

export interface Making {
  /** An empty folder for trees in the making. */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** Debian's minimum with Python: the Python image, and what the task image starts from. */
export async function makePythonRoot({ directory, env, signal }: Making): Promise<string> {
  const root = join(directory, 'python');
  const include = pythonPackages.join(',');
  const mirror = await debianMirror(env, signal);
  const debootstrap = ['debootstrap', '--variant=minbase', `--include=${include}`, debianSuite, root];
  await runConfined([...debootstrap, ...mirror], {
    env,
    signal,
  });
  await addTaskUser(root);
  return root;
}

/** The Python root with git, Node, npm and build tools on top. */
export async function makeTaskRoot(python: string, { directory, env, signal }: Making): Promise<string> {
  const root = join(directory, 'task');
  await runProgram('cp', ['-a', python, root], { signal });
  const chrootEnv = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LANG: 'C' };
  const proxies = Object.fromEntries(Object.entries(env).filter(([name]) => /_proxy$/i.test(name)));
  const inside = { env: { ...chrootEnv, ...proxies }, signal };
  // The network of the machine, for as long as it takes to install; what it says of its resolver stays out of the image.
  await copyFile('/etc/resolv.conf', join(root, 'etc/resolv.conf'));
  const install = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...taskPackages];
  await runConfined(['chroot', root, ...install], inside);
  await copyFile(process.execPath, join(root, 'usr/local/bin/node'));
  await chmod(join(root, 'usr/local/bin/node'), 0o755);
  await runProgram(
    'npm',
    [
      'install',
      '--global',
      '--prefix',
      join(root, 'usr/local'),
      '--no-audit',
      '--no-fund',
      `npm@${npmVersion}`,
    ],
    { env, signal },
  );
  return root;
}

/** busybox as every tool, and musl with its loader: a root in which nothing that needs glibc runs. */
export async function makeMuslRoot({ directory, env, signal }: Making): Promise<string> {
  const root = join(directory, 'musl');
  const packages = join(directory, 'packages');
  await mkdir(packages);
  await mkdir(root);
  const download = () =>
    runProgram('apt-get', ['download', 'busybox-static', 'musl'], { cwd: packages, env, signal });
  // The lists of a fresh machine are empty.
  await download().catch(async () => {
    signal.throwIfAborted();
    await runProgram('apt-get', ['update', '-q'], { env, signal });
    await download();
  });
  for (const file of await readdir(packages)) {
    await runProgram('dpkg-deb', ['--extract', join(packages, file), root], { signal });
  }
  for (const path of ['tmp', 'proc', 'sys', 'dev', 'etc', 'usr/bin']) {
    await mkdir(join(root, path), { recursive: true });
  }
  await chmod(join(root, 'tmp'), 0o1777);
  const names = await runProgram(join(root, 'bin/busybox'), ['--list'], { signal });
  for (const name of names.trim().split('\n')) {
    if (name !== 'busybox') await symlink('/bin/busybox', join(root, 'bin', name));
  }
  await symlink('/bin/env', join(root, 'usr/bin/env'));
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
  await addTaskUser(root);
  return root;
}

/** Leads an exec to the keeper's socket, in a fraction of the time that Node takes to start. */
export const keeperPackages = ['socat', 'libwrap0'];

/** What the keeper's image has beyond the task image, beside its program. */
export async function makeKeeperTools({ directory, env, signal }: Making): Promise<string> {
  const root = join(directory, 'keeper-tools');
  const packages = join(directory, 'keeper-packages');
  await mkdir(packages);
  await runProgram('apt-get', ['download', ...keeperPackages], { cwd: packages, env, signal });
  for (const file of await readdir(packages)) {
    await runProgram('dpkg-deb', ['--extract', join(packages, file), root], { signal });
  }
  return root;
}

/** The one program of the pause image. */
export async function makePauseRoot(programs: string, { directory }: Making): Promise<string> {
  const root = join(directory, 'pause');
  await mkdir(root);
  await cp(join(programs, 'pause'), join(root, 'pause'));
  return root;
}

/** In namespaces of its own: a program that is stopped halfway leaves no process and no mount below the tree. */
function runConfined(command: readonly string[], options: RunOptions): Promise<string> {
  const namespaces = ['--fork', '--kill-child=KILL', '--pid', '--mount-proc', '--mount'];
  // unshare itself waits for its child through all other signals.
  return runProgram('unshare', [...namespaces, '--', ...command], { ...options, killSignal: 'SIGKILL' });
}

/** Takes out what no task reads and what differs from one build to the next. */
export async function strip(root: string): Promise<void> {
  for (const path of ['var/cache/apt', 'var/lib/apt/lists', 'var/log', 'usr/share/doc', 'usr/share/man']) {
    for (const name of await readdir(join(root, path)).catch(() => [])) {
      await rm(join(root, path, name), { recursive: true, force: true });
    }
  }
  // The kubelet gives each pod its own.
  await rm(join(root, 'etc/resolv.conf'), { force: true });
}

async function addTaskUser(root: string): Promise<void> {
  const id = taskUserId;
  await appendFile(join(root, 'etc/passwd'), `task:x:${id}:${id}::/workspace:/bin/sh\n`);
  await appendFile(join(root, 'etc/group'), `task:x:${id}:\n`);
  await mkdir(join(root, 'workspace'));
  await chown(join(root, 'workspace'), id, id);
}

/** The mirror that this machine's own packages come from, where it is Debian's; else none, and debootstrap takes Debian's own. */
async function debianMirror(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<readonly string[]> {
  const format = ['--format', '$(ORIGIN) $(COMPONENT) $(SITE)'];
  const text = await runProgram('apt-get', ['indextargets', ...format, 'Created-By: Packages'], {
    env,
    signal,
  });
  const own = text.split('\n').find((line) => line.startsWith('Debian main ') && !line.includes('security'));
  return own?.split(' ').slice(2, 3) ?? [];
}
