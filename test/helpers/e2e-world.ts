import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskClient } from '../../client/task-client.ts';
import { type LeaseId, type TaskId, TaskIdSchema } from '../../contracts/ids.ts';
import { type TaskSpec, TaskSpecSchema } from '../../contracts/task.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';
import { type ScenarioInput, ScenarioSchema } from '../../models/scripted/scenario.ts';
import { type ScriptedModel, startScriptedModel } from '../../models/scripted/server.ts';
import { startEmbeddedServer } from '../../workers/embedded-server/start.ts';
import { stopEmbeddedServer } from '../../workers/embedded-server/stop.ts';
import { openTaskClient } from '../../workers/open-task-client.ts';
import { sandboxOf } from '../../workers/ports.ts';
import { isRunning, thisProcess, withProcessLock } from '../../workers/process-lock.mjs';
import { cacheDirectory } from '../../workers/state-dir.ts';
import { listWorkers, startWorkerProcess, type WorkerProcess } from '../../workers/worker-processes.ts';
import { type Cli, type CliOptions, startCli } from './e2e-cli.ts';
import { followStory, type Story } from './e2e-story.ts';
import { commitAll, git, writeFiles } from './git-fixture.ts';

/** What must be found nowhere: the key that the model is asked with, and a secret of the environment that workers run in. */
export const secrets = ['sk-e2e-key-5b1f0c', 'canary-of-the-environment-9d27'] as const;
const [apiKey, canary] = secrets;

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A machine of its own: state directory, Temporal server, model, workers as processes, repositories. */
export interface World {
  readonly directory: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  readonly model: ScriptedModel;
  readonly client: TaskClient;
  startServer(): Promise<void>;
  stopServer(): Promise<void>;
  startWorker(): Promise<WorkerProcess>;
  /** Ends every worker at once, as a power cut would. */
  killWorkers(): Promise<void>;
  /** A repository of a person, with one commit of these files. */
  repository(name: string, files: Files): string;
  cli(args: readonly string[], options?: Partial<CliOptions>): Cli;
  /** Starts a task and follows it. `before` hears its id before it is started. */
  start(
    spec: Partial<Omit<TaskSpec, 'taskId'>> & Pick<TaskSpec, 'instruction' | 'repository'>,
    before?: (taskId: TaskId) => void,
  ): Promise<Story>;
  /** What a task was started with by `start`. */
  specOf(taskId: TaskId): TaskSpec;
  follow(taskId: TaskId): Story;
  /** The directory of a task's newest lease. */
  lease(taskId: TaskId): string;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly scenario: ScenarioInput;
  readonly env?: Readonly<Record<string, string>>;
  /** 1 when not given. */
  readonly workers?: number;
  /** More dynamic configuration of the server, as `key=JSON value`. */
  readonly dynamicConfig?: readonly string[];
  /** The program of the workers; the product's when not given. */
  readonly workerMain?: string;
  /** Sees each event of each task that is followed. */
  readonly onEvent?: (event: TaskEvent) => void;
}

const searchPath = ['/usr/local/go/bin', '/usr/local/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

const prefix = 'longhaul-e2e-';
const ownerFile = 'owner.json';

/** Server, workers and keepers outlive who started them, so a run that was killed leaves them: the next one removes them. */
async function removeLeftovers(): Promise<void> {
  await withProcessLock(join(tmpdir(), 'longhaul-e2e.lock'), {}, removeUnderLock);
}

async function removeUnderLock(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    const directory = join(tmpdir(), name);
    const owner = await readFile(join(directory, ownerFile), 'utf8').catch(() => undefined);
    if (owner === undefined || isRunning(JSON.parse(owner))) continue;
    await endAll(directory);
    await rm(directory, { recursive: true, force: true });
  }
}

/** `env` where it is known which sandbox the workers had; the local one leaves processes. */
async function endAll(directory: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const home = join(directory, 'state');
  for (const worker of await listWorkers(home)) await kill(worker);
  const sandbox = sandboxOf({ ...env, LONGHAUL_HOME: home });
  for (const { leaseId } of await sandbox.leases()) await sandbox.release(leaseId);
  await stopEmbeddedServer(home);
}

/** Opens a world; `close` leaves nothing of it. */
export async function openWorld(options: WorldOptions): Promise<World> {
  await removeLeftovers();
  const directory = await mkdtemp(join(tmpdir(), prefix));
  writeFiles(directory, { [ownerFile]: JSON.stringify(thisProcess()) });
  const home = join(directory, 'state');
  const model = await startScriptedModel(ScenarioSchema.parse(options.scenario), {
    port: 0,
    keepBodies: false,
  });
  const env = {
    PATH: searchPath.join(':'),
    HOME: join(directory, 'home'),
    LANG: 'C.UTF-8',
    // The Temporal server and the bundle are the same for all worlds.
    XDG_CACHE_HOME: join(cacheDirectory(), '..'),
    LONGHAUL_HOME: home,
    LONGHAUL_MODEL: 'scripted',
    OPENAI_BASE_URL: model.url,
    OPENAI_API_KEY: apiKey,
    E2E_CANARY: canary,
    ...options.env,
  };
  writeFiles(directory, { 'home/.gitconfig': '[user]\n\tname = Ada\n\temail = ada@example.com\n' });
  mkdirSync(home, { mode: 0o700 });
  await choosePorts(home);
  const { workerMain: main, dynamicConfig = [] } = options;
  const startServer = async () => void (await startEmbeddedServer({ home, env, dynamicConfig }));
  const startWorker = () => startWorkerProcess({ home, env, ...(main === undefined ? {} : { main }) });
  await startServer();
  for (let count = 0; count < (options.workers ?? 1); count += 1) await startWorker();
  const client = await openTaskClient(env);
  const stories: Story[] = [];
  const clis: Cli[] = [];
  const specs = new Map<TaskId, TaskSpec>();
  const follow = (taskId: TaskId) => {
    const story = followStory(client, taskId, options.onEvent);
    stories.push(story);
    return story;
  };
  const killWorkers = async () => {
    for (const worker of await listWorkers(home)) await kill(worker);
  };
  return {
    directory,
    home,
    env,
    model,
    client,
    startServer,
    stopServer: async () => void (await stopEmbeddedServer(home)),
    startWorker,
    killWorkers,
    repository(name, files) {
      const repository = join(directory, name);
      mkdirSync(repository);
      writeFiles(repository, files);
      git(repository, 'init', '--quiet', '--initial-branch=main');
      commitAll(repository, 'first');
      return repository;
    },
    cli(args, cliOptions = {}) {
      const cli = startCli(args, { cwd: directory, env, ...cliOptions });
      clis.push(cli);
      return cli;
    },
    async start(spec, before) {
      const taskId = TaskIdSchema.parse(`e2e-${specs.size + 1}-${directory.slice(-6).toLowerCase()}`);
      const whole = TaskSpecSchema.parse({ ...defaultSpec, ...spec, taskId });
      specs.set(taskId, whole);
      before?.(taskId);
      await client.start(whole);
      return follow(taskId);
    },
    specOf(taskId) {
      const spec = specs.get(taskId);
      if (spec === undefined) throw new Error(`${taskId} was not started here`);
      return spec;
    },
    follow,
    lease: (taskId) => newestLease(home, taskId),
    async close() {
      await Promise.all(stories.map((story) => story.stop()));
      for (const { child } of clis) child.kill('SIGKILL');
      await client.close();
      await endAll(directory, env);
      await model.close();
      const left = existsSync(join(home, 'leases')) ? readdirSync(join(home, 'leases')) : [];
      await rm(directory, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`the sandboxes left ${left.join(', ')}`);
    },
  };
}

const defaultSpec = {
  ref: null,
  includeChanges: false,
  checks: [],
  setup: [],
  constraints: [],
  paths: [],
  budget: { maxUsd: null, maxIterations: 30 },
  policy: { name: 'sandboxed', digest: null },
  model: 'scripted',
  requestedBy: 'ada',
  approvalTimeoutMs: 60 * 60 * 1000,
};

/** Two worlds that open at once would both find the usual ports free, and one would fail. */
async function choosePorts(home: string): Promise<void> {
  const [port, uiPort] = await Promise.all([freePort(), freePort()]);
  writeFiles(home, { 'server.json': JSON.stringify({ status: 'stopped', port, uiPort }) });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Ends one process as `kill -9` does, and waits until it is gone. */
export async function kill(identity: { readonly pid: number; readonly startTime: string }): Promise<void> {
  if (!isRunning(identity)) return;
  process.kill(identity.pid, 'SIGKILL');
  while (isRunning(identity)) await new Promise((resolve) => setImmediate(resolve));
}

function newestLease(home: string, taskId: TaskId): string {
  const leases = join(home, 'leases');
  const names = existsSync(leases) ? readdirSync(leases) : [];
  const own = names
    .filter((name) => name.startsWith(`${taskId}.`) && !name.includes('verify'))
    .sort((a, b) => Number(a.split('.').at(-1)) - Number(b.split('.').at(-1)));
  const newest = own.at(-1) as LeaseId | undefined;
  if (newest === undefined) throw new Error(`${taskId} holds no sandbox; there are: ${names.join(', ')}`);
  return join(leases, newest);
}
