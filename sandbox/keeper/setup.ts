import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LonghaulError } from '../../contracts/error.ts';
import { StepIdSchema } from '../../contracts/ids.ts';
import type { SandboxSetup, SetupProgress } from '../../contracts/sandbox.ts';
import { leaseFile, removeTree } from '../lease-files.ts';
import type { KeeperConfig } from '../protocol.ts';
import { parseAllowList } from '../proxy/allow-list.ts';
import { type SetupProxy, startSetupProxy } from '../proxy/setup-proxy.ts';
import { splitNul } from './changed-paths.ts';
import { restoreTracked } from './checkout.ts';
import { diskFull, type Git, isDiskFull } from './git.ts';
import type { Mount } from './root-files.ts';
import type { SandboxProcess } from './sandbox-process.ts';
import { createSetupCache, setupFile } from './setup-cache.ts';
import { createStepRecords, type StepRecords } from './step-records.ts';
import type { RunningStep, Steps } from './steps.ts';

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

const proxyPort = 3128;
const forwarderLimitMs = 15_000;
const progressMs = 1_000;
const pollMs = 20;
const maxOutputBytes = 64 * 1024 * 1024;
const archiveLimitMs = 30 * 60 * 1_000;
const lastLinesBytes = 2_000;

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
    const end = Date.now() + deps.setup.timeoutMs;
    for (const [index, command] of deps.setup.commands.entries()) {
      await runCommand({ ...deps, steps, records, proxy }, command, index, end - Date.now());
    }
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
    socketPath: 'proxy/proxy.sock',
    logFile: path.join(deps.leaseDirectory, leaseFile.proxyLog),
    allow: parseAllowList(deps.setup.hosts),
    upstream: upstreamProxyUrl === null ? null : new URL(upstreamProxyUrl),
  });
}

function lendProxy(deps: SetupDeps): Parameters<SetupDeps['start']>[0] {
  const url = `http://127.0.0.1:${proxyPort}`;
  const local = 'localhost,127.0.0.1,::1';
  return {
    mounts: [
      { kind: 'read-only', from: path.join(deps.leaseDirectory, 'proxy'), to: insideSetup.proxy },
      { kind: 'read-only', from: deps.config.nodePath, to: insideSetup.node },
      { kind: 'read-only', from: forwardFile, to: insideSetup.forward },
    ],
    environment: {
      HTTP_PROXY: url,
      HTTPS_PROXY: url,
      http_proxy: url,
      https_proxy: url,
      npm_config_proxy: url,
      npm_config_https_proxy: url,
      CARGO_HTTP_PROXY: url,
      NODE_USE_ENV_PROXY: '1',
      NO_PROXY: local,
      no_proxy: local,
    },
  };
}

const setupStep = (name: string, argv: readonly [string, ...string[]], timeoutMs: number) => ({
  stepId: StepIdSchema.parse(`setup.${name}`),
  argv,
  cwd: '.',
  env: {},
  timeoutMs,
  maxOutputBytes,
});

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

interface CommandDeps extends SetupDeps {
  readonly steps: Steps;
  readonly records: StepRecords;
  readonly proxy: SetupProxy | null;
}

async function runCommand(
  deps: CommandDeps,
  command: string,
  index: number,
  timeoutMs: number,
): Promise<void> {
  const step = await deps.steps.start(
    setupStep(String(index), ['sh', '-c', command], Math.max(1, timeoutMs)),
    null,
  );
  const stopShowing = showTail(deps, step, command);
  const result = await step.done.finally(stopShowing);
  if (result?.status === 'ok') return;
  const lastLines = deps.records.readOutput(step.stepId).subarray(-lastLinesBytes).toString('utf8').trim();
  const how = result === null ? 'was lost with its sandbox' : endingOf(result);
  const refused = refusedHosts(deps.proxy);
  throw new LonghaulError(
    'sandbox.setup_failed',
    [
      `Setup command ${index + 1} of ${deps.setup.commands.length} (${command}) ${how}.`,
      refused === ''
        ? ''
        : ` The setup's proxy refused ${refused}: add the hosts to the policy if they are meant.`,
      lastLines === '' ? ' It printed nothing.' : ` Its last lines:\n${lastLines}`,
    ].join(''),
    {
      details: {
        command,
        exitCode: result?.exitCode ?? null,
        status: result?.status ?? 'lost',
        lastLines,
        refused,
      },
    },
  );
}

function endingOf(result: NonNullable<Awaited<RunningStep['done']>>): string {
  if (result.status === 'timed_out') return 'was ended: the time for setup was up';
  if (result.memoryLimit) return 'needed more memory than the sandbox has';
  return `failed with exit code ${result.exitCode}`;
}

function refusedHosts(proxy: SetupProxy | null): string {
  const refused = (proxy?.decisions() ?? []).filter(({ decision }) => decision === 'denied');
  return [...new Set(refused.map(({ host, port, reason }) => `${host}:${port} (${reason})`))]
    .slice(0, 10)
    .join(', ');
}

function showTail(deps: CommandDeps, step: RunningStep, command: string): () => void {
  deps.progress({ phase: 'setup', tail: `$ ${command}` });
  let shown = '';
  const timer = setInterval(() => {
    const refused = refusedHosts(deps.proxy);
    const tail = `$ ${command}\n${step.tail()}${refused === '' ? '' : `\nrefused by the proxy: ${refused}`}`;
    if (tail !== shown) deps.progress({ phase: 'setup', tail });
    shown = tail;
  }, progressMs);
  return () => clearInterval(timer);
}

/** Archives what the commands have made, inside a sandbox of its own: the paths are theirs. */
async function pack(deps: SetupDeps, directory: string): Promise<void> {
  await restoreTracked(deps.git, deps.config.spec.source.commit);
  const list = async (args: readonly string[]): Promise<Buffer[]> =>
    splitNul(
      (await deps.git.run(['ls-files', '-z', '-o', '--directory', '--no-empty-directory', ...args])).stdout,
    );
  const made = await list(['--exclude-standard']);
  const ignored = await list(['-i', '--exclude-standard']);
  writeFileSync(path.join(directory, setupFile.exclude), Buffer.concat(made.map(excludeLine)));
  const names = [...ignored, ...made].map((name) =>
    Buffer.concat([Buffer.from('workspace/'), name, Buffer.from([0])]),
  );
  writeFileSync(path.join(directory, 'names'), Buffer.concat([...names, Buffer.from('home/agent\0')]));
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

/** A line of an exclude file that means this very path; a name with a newline has no such line and is left to be seen. */
function excludeLine(name: Buffer): Buffer {
  if (name.includes(0x0a)) return Buffer.alloc(0);
  const escaped = name.toString('latin1').replaceAll(/[\\*?[\]! #]/g, '\\$&');
  return Buffer.from(`/${escaped}\n`, 'latin1');
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
