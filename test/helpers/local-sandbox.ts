import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { type CommitId, CommitIdSchema, type LeaseId } from '../../contracts/ids.ts';
import { defaultSilenceLimitMs } from '../../sandbox/call-while-alive.ts';
import { createLocalSandbox, type LocalSandboxDeps } from '../../sandbox/local-sandbox.ts';
import { isAlive, killAndWait, type ProcessIdentity } from '../../sandbox/processes.ts';
import { baseFiles, type SandboxFixture } from '../conformance/sandbox-support.ts';
import { commitAll, git, writeFiles } from './git-fixture.ts';

export interface LocalFixture extends SandboxFixture {
  readonly deps: LocalSandboxDeps;
  readonly directory: string;
}

interface Recorded {
  readonly keeper?: ProcessIdentity;
  readonly sandbox?: ProcessIdentity;
  readonly cgroups: readonly string[];
}

/** A bare repository whose base holds `baseFiles` byte for byte. */
export function makeSource(directory: string): { readonly gitDir: string; readonly commit: CommitId } {
  const work = path.join(directory, 'work');
  const gitDir = path.join(directory, 'source.git');
  mkdirSync(work);
  git(work, 'init', '--quiet', '--initial-branch=main');
  writeFileSync(path.join(work, '.git/info/attributes'), '* -text -filter -ident -working-tree-encoding\n');
  writeFiles(work, baseFiles);
  const commit = CommitIdSchema.parse(commitAll(work, 'base'));
  git(directory, 'clone', '--quiet', '--bare', work, gitDir);
  return { gitDir, commit };
}

/** Local sandboxes in a directory of their own, with a small repository as their source. */
export async function makeLocalFixture(more: Partial<LocalSandboxDeps> = {}): Promise<LocalFixture> {
  const directory = await mkdtemp(path.join(tmpdir(), 'longhaul-sandbox-'));
  const { gitDir, commit } = makeSource(directory);
  const deps: LocalSandboxDeps = {
    stateDir: path.join(directory, 'state'),
    cacheDir: path.join(directory, 'cache'),
    nodePath: process.execPath,
    readOnlyPaths: [],
    searchPath: [],
    upstreamProxyUrl: null,
    idleLimitMs: 600_000,
    silenceLimitMs: defaultSilenceLimitMs,
    ...more,
  };
  const leaseDirectory = (leaseId: LeaseId): string => path.join(deps.stateDir, 'leases', leaseId);
  // Remembered here, since a release removes the file: what was once recorded must be gone for good.
  const known = new Map<LeaseId, Recorded>();
  const recorded = (leaseId: LeaseId): Recorded | undefined => {
    const file = path.join(leaseDirectory(leaseId), 'processes.json');
    if (existsSync(file)) known.set(leaseId, JSON.parse(readFileSync(file, 'utf8')));
    return known.get(leaseId);
  };
  const create = () => createLocalSandbox(deps);
  return {
    sandbox: create(),
    another: create,
    gitDir,
    commit,
    hostAddress: '127.0.0.1',
    hidden: [deps.stateDir, deps.cacheDir, gitDir, homedir(), '/var/lib', '/etc/shadow', '/sys/kernel'],
    deps,
    directory,
    async killKeeper(leaseId) {
      const keeper = recorded(leaseId)?.keeper;
      if (keeper === undefined) throw new Error(`lease ${leaseId} has no keeper`);
      await killAndWait(keeper, 5_000);
    },
    async leftovers(leaseId) {
      const found = recorded(leaseId);
      const processes = [found?.keeper, found?.sandbox].flatMap((identity) =>
        identity !== undefined && isAlive(identity) ? [`process ${identity.pid}`] : [],
      );
      const inside = processesWithRoot(leaseDirectory(leaseId));
      const groups = (found?.cgroups ?? []).filter((group) => existsSync(group));
      const leases = path.join(deps.stateDir, 'leases');
      const directories = existsSync(leases)
        ? readdirSync(leases).filter((name) => name === leaseId || name.startsWith('.'))
        : [];
      return [...processes, ...inside, ...groups, ...directories];
    },
    async cleanup() {
      // A keeper that ends writes what it has compiled into the cache.
      rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** Processes that have a lease's workspace mounted, in whatever namespace. */
function processesWithRoot(leaseDirectory: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
  const own = readlinkSync('/proc/self/ns/mnt');
  return pids.flatMap((pid) => {
    try {
      if (readlinkSync(`/proc/${pid}/ns/mnt`) === own) return [];
      const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
      return mounts.includes(`${leaseDirectory}/workspace`) ? [`process ${pid} inside`] : [];
    } catch {
      return [];
    }
  });
}
