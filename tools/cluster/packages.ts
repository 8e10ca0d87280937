import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Report } from '../../workers/embedded-server/progress.ts';
import { withProgress } from '../../workers/embedded-server/progress.ts';
import type { Environment } from '../../workers/state-dir.ts';
import { ClusterProblem } from './problem.ts';
import { runProgram } from './run-program.ts';

interface DebianPackage {
  readonly name: string;
  readonly why: string;
  /** A program on PATH or a file, by which the package is known to be there. */
  readonly shownBy: string;
}

const always: readonly DebianPackage[] = [
  { name: 'iproute2', why: 'makes the network', shownBy: 'ip' },
  { name: 'iptables', why: 'enforces network policy', shownBy: 'iptables-restore' },
  { name: 'openssl', why: 'makes the certificates', shownBy: 'openssl' },
  { name: 'util-linux', why: 'makes and enters namespaces', shownBy: 'nsenter' },
  { name: 'mount', why: 'mounts inside the namespace', shownBy: 'mount' },
];

const toBuild: readonly DebianPackage[] = [
  { name: 'gcc', why: 'builds runc and pause', shownBy: 'gcc' },
  { name: 'libc6-dev', why: 'builds runc and pause', shownBy: '/usr/include/stdlib.h' },
  { name: 'pkg-config', why: 'finds libseccomp', shownBy: 'pkg-config' },
  { name: 'libseccomp-dev', why: "runc's system call filter", shownBy: '/usr/include/seccomp.h' },
];

const toMakeImages: readonly DebianPackage[] = [
  { name: 'debootstrap', why: 'makes the root of an image', shownBy: 'debootstrap' },
  { name: 'apt', why: "gets Debian's packages", shownBy: 'apt-get' },
  { name: 'dpkg', why: 'unpacks them', shownBy: 'dpkg-deb' },
  { name: 'tar', why: 'writes the image', shownBy: 'tar' },
];

export interface Needs {
  readonly build: boolean;
  readonly images: boolean;
}

/** The folders with administrators' programs too, which an ordinary PATH leaves out. */
export function searchPath(env: Environment): string {
  return `${env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/usr/bin${delimiter}/sbin${delimiter}/bin`;
}

function isThere({ shownBy }: DebianPackage, path: string): boolean {
  if (shownBy.startsWith('/')) return existsSync(shownBy);
  return path.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, shownBy), constants.X_OK);
      return directory !== '';
    } catch {
      return false;
    }
  });
}

/** Installs with `apt-get` what is missing, and says so; throws a `ClusterProblem` that names what it could not install. */
export async function ensurePackages(
  needs: Needs,
  report: Report,
  env: Environment,
  signal: AbortSignal,
  path = searchPath(env),
): Promise<void> {
  const wanted = [...always, ...(needs.build ? toBuild : []), ...(needs.images ? toMakeImages : [])];
  const missing = () => wanted.filter((item) => !isThere(item, path));
  const lacking = missing();
  if (lacking.length === 0) return;
  const names = lacking.map(({ name }) => name);
  const told = lacking.map(({ name, why }) => `${name} (${why})`).join(', ');
  if (!isThere({ name: 'apt', why: '', shownBy: 'apt-get' }, path)) {
    throw new ClusterProblem(
      `missing, and there is no apt-get to install them: ${told}. Install them yourself.`,
    );
  }
  report(`installing Debian packages with apt-get: ${told}`);
  const options = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, signal };
  const apt = (...args: string[]) => runProgram('apt-get', args, options);
  await withProgress(
    report,
    () => `apt-get install ${names.join(' ')}`,
    async () => {
      const install = () => apt('install', '-y', '-q', '--no-install-recommends', ...names);
      // The lists of a fresh machine are empty, and elsewhere they are mostly good enough.
      await install().catch(async (error: unknown) => {
        signal.throwIfAborted();
        if (!(error instanceof ClusterProblem)) throw error;
        report('apt-get could not install them with its lists as they are: refreshing the lists');
        await apt('update', '-q');
        await install();
      });
    },
  );
  const still = missing();
  if (still.length > 0) {
    throw new ClusterProblem(
      `apt-get ended well, and still missing: ${still.map(({ name }) => name).join(', ')}`,
    );
  }
}
