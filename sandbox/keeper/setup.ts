import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LonghaulError } from '../../contracts/error.ts';
import type { SandboxSetup, SetupProgress } from '../../contracts/sandbox.ts';
import { leaseFile, removeTree } from '../lease-files.ts';
import type { KeeperConfig } from '../protocol.ts';
import { parseAllowList } from '../proxy/allow-list.ts';
import { type SetupProxy, startSetupProxy } from '../proxy/setup-proxy.ts';
import { restoreTracked } from './checkout.ts';
import { diskFull, type Git, isDiskFull } from './git.ts';
import type { Mount } from './root-files.ts';
import type { SandboxProcess } from './sandbox-process.ts';
import { createSetupCache, setupFile } from './setup-cache.ts';
import { proxyEnvironment, proxyPort, runSetupCommands, setupStep } from './setup-commands.ts';
import { listMade } from './setup-made.ts';
import { createStepRecords, type StepRecords } from './step-records.ts';
import type { Steps } from './steps.ts';

export interface SetupDeps {
  readonly leaseDirectory: string;
  readonly config: KeeperConfig;
  readonly log: (message: string) => void;
  readonly setup: SandboxSetup;
  readonly git: Git;
  readonly start: (more: {
    readonly mounts: readonly Mount[];
    readonly environment: Readonly<Record<string, string>>;
  }) => Promise<SandboxProcess>;
  readonly stepsIn: (sandbox: SandboxProcess, records: StepRecords) => Steps;
  readonly progress: (value: SetupProgress) => void;
}

export interface SetupOutcome {
  readonly reused: boolean;
}

const forwarderLimitMs = 15_000;
const pollMs = 20;
const archiveLimitMs = 30 * 60 * 1_000;

const insideSetup = {
  directory: '/run/longhaul/setup',
  node: '/run/longhaul/node',
  forward: '/run/longhaul/forward.ts',
  proxy: '/run/longhaul/proxy',
} as const;
const forwardFile = fileURLToPath(new URL('../proxy/forward.ts', import.meta.url));

/**
 * Brings a workspace to the state after its setup commands, by running them or from a kept result. Each sandbox used here has ended when
 * this returns. Tracked files are as in the base afterwards; what the commands have made beside them is hidden from checkpoints.
 * Throws `sandbox.setup_failed`, `usage.invalid` for a bad list of hosts, `sandbox.disk_full`.
 */
export async function runSetup(deps: SetupDeps): Promise<SetupOutcome> {
  const cache = createSetupCache(deps.config.cacheDir);
  const directory = path.join(deps.leaseDirectory, 'setup');
  mkdirSync(directory, { mode: 0o700 });
  const kept = cache.find(deps.setup.digest);
  if (kept !== null) {
    deps.progress({ phase: 'setup', tail: 'reusing the result of an earlier setup' });
    for (const name of Object.values(setupFile))
      copyFileSync(path.join(kept, name), path.join(directory, name));
    await unpack(deps, directory);
  } else {
    await runCommands(deps);
    await pack(deps, directory);
    cache.keep(deps.setup.digest, directory);
  }
  hideFromCheckpoints(deps, directory);
  await removeTree(directory);
  await emptyTmp(deps);
  return { reused: kept !== null };
}

async function runCommands(deps: SetupDeps): Promise<void> {
  const proxy = deps.setup.hosts.length === 0 ? null : await openProxy(deps);
  const sandbox = await deps.start(proxy === null ? { mounts: [], environment: {} } : lendProxy(deps));
  try {
    const records = createStepRecords(path.join(deps.leaseDirectory, 'setup-steps'));
    const steps = deps.stepsIn(sandbox, records);
    if (proxy !== null) await startForwarder(steps);
    await runSetupCommands({ ...deps, steps, records, proxy, environment: {} });
  } finally {
    sandbox.kill();
    await sandbox.ended;
    proxy?.close();
  }
}

async function openProxy(deps: SetupDeps): Promise<SetupProxy> {
  mkdirSync(path.join(deps.leaseDirectory, 'proxy'), { mode: 0o700 });
  const { upstreamProxyUrl } = deps.config;
  return await startSetupProxy({
    // Relative to the lease's directory, which is the keeper's working directory: socket addresses are short.
    listen: { path: 'proxy/proxy.sock' },
    logFile: path.join(deps.leaseDirectory, leaseFile.proxyLog),
    allow: parseAllowList(deps.setup.hosts),
    upstream: upstreamProxyUrl === null ? null : new URL(upstreamProxyUrl),
  });
}

function lendProxy(deps: SetupDeps): Parameters<SetupDeps['start']>[0] {
  return {
    mounts: [
      { kind: 'read-only', from: path.join(deps.leaseDirectory, 'proxy'), to: insideSetup.proxy },
      { kind: 'read-only', from: deps.config.nodePath, to: insideSetup.node },
      { kind: 'read-only', from: forwardFile, to: insideSetup.forward },
    ],
    environment: proxyEnvironment,
  };
}

async function startForwarder(steps: Steps): Promise<void> {
  const argv = [
    insideSetup.node,
    insideSetup.forward,
    `${insideSetup.proxy}/proxy.sock`,
    String(proxyPort),
  ] as const;
  const step = await steps.start(setupStep('forward', argv, 2 ** 31), null);
  let ended = false;
  void step.done
    .catch(() => undefined)
    .then(() => {
      ended = true;
    });
  const end = Date.now() + forwarderLimitMs;
  while (!step.tail().startsWith('ready')) {
    if (ended || Date.now() > end) {
      throw new LonghaulError(
        'sandbox.start_failed',
        `The way to the setup's proxy did not open inside the sandbox: ${step.tail()}`,
      );
    }
    await delay(pollMs);
  }
}

/** Archives what the commands have made, inside a sandbox of its own: the paths are theirs. */
async function pack(deps: SetupDeps, directory: string): Promise<void> {
  await restoreTracked(deps.git, deps.config.spec.source.commit);
  const { exclude, names } = await listMade(deps.git);
  writeFileSync(path.join(directory, setupFile.exclude), exclude);
  writeFileSync(path.join(directory, 'names'), Buffer.concat([names, Buffer.from('home/agent\0')]));
  const archive = `${insideSetup.directory}/${setupFile.archive}`;
  await inSandboxOfItsOwn(deps, directory, 'read-write', [
    'tar',
    '-C',
    '/',
    '-cf',
    archive,
    '--null',
    '-T',
    `${insideSetup.directory}/names`,
  ]);
}

async function unpack(deps: SetupDeps, directory: string): Promise<void> {
  const archive = `${insideSetup.directory}/${setupFile.archive}`;
  await inSandboxOfItsOwn(deps, directory, 'read-only', ['tar', '-C', '/', '-xpf', archive]);
}

async function inSandboxOfItsOwn(
  deps: SetupDeps,
  directory: string,
  kind: 'read-only' | 'read-write',
  argv: readonly [string, ...string[]],
): Promise<void> {
  const sandbox = await deps.start({
    mounts: [{ kind, from: directory, to: insideSetup.directory }],
    environment: {},
  });
  try {
    const records = createStepRecords(path.join(deps.leaseDirectory, 'archive-steps'));
    const step = await deps.stepsIn(sandbox, records).start(setupStep('archive', argv, archiveLimitMs), null);
    const result = await step.done;
    if (result?.status === 'ok') return;
    const output = step.tail();
    if (isDiskFull(output)) throw diskFull('the result of the setup');
    throw new LonghaulError('sandbox.setup_failed', `The result of the setup could not be kept: ${output}`);
  } finally {
    sandbox.kill();
    await sandbox.ended;
  }
}

function hideFromCheckpoints(deps: SetupDeps, directory: string): void {
  const lines = readFileSync(path.join(directory, setupFile.exclude));
  for (const repository of [leaseFile.git, leaseFile.agentGit]) {
    writeFileSync(path.join(deps.leaseDirectory, repository, 'info/exclude'), lines);
  }
}

async function emptyTmp(deps: SetupDeps): Promise<void> {
  const tmp = path.join(deps.leaseDirectory, leaseFile.tmp);
  await removeTree(tmp);
  mkdirSync(tmp, { mode: 0o700 });
}
