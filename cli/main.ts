import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, delimiter, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { DrillEvent, DrillOptions } from '../contracts/drill.ts';
import { LonghaulError } from '../contracts/error.ts';
import type { TaskId } from '../contracts/ids.ts';
import type { PolicyRef } from '../contracts/task.ts';
import { createProfileTable } from '../models/profile.ts';
import { importCodexRules } from '../policy/import/codex-rules.ts';
import { policyJsonSchema } from '../policy/json-schema.ts';
import { isBuiltIn } from '../policy/load.ts';
import { parsePolicy } from '../policy/parse-policy.ts';
import { policyFacts } from '../policy/policy-facts.ts';
import { resolvePolicy } from '../policy/resolve-policy.ts';
import { workerBuild } from '../workers/build.ts';
import { knownServer, type ResolvedServer, resolveServer, runningServer } from '../workers/connection.ts';
import { cachedBinary } from '../workers/embedded-server/find-binary.ts';
import { withProgress } from '../workers/embedded-server/progress.ts';
import { stopEmbeddedServer } from '../workers/embedded-server/stop.ts';
import { artifactStore } from '../workers/local-ports.ts';
import { modelSettings } from '../workers/model-config.ts';
import { otherSettings } from '../workers/model-mark.ts';
import { openTaskClient, openTemporalClient } from '../workers/open-task-client.ts';
import { fullDiskBehind, requireRoom } from '../workers/room-in-home.ts';
import { askedSandbox } from '../workers/sandbox-choice.ts';
import { sandboxHealth } from '../workers/sandbox-health.ts';
import { localMark, otherSandbox, type SandboxMark, sandboxMark } from '../workers/sandbox-mark.ts';
import { ensurePrivateDirectory, stateDirectory } from '../workers/state-dir.ts';
import { taskQueueOf } from '../workers/task-queue.ts';
import { uncommittedNote } from '../workers/uncommitted.ts';
import { isUnusedHome } from '../workers/unused-home.ts';
import { versionFacts } from '../workers/versions/version-facts.ts';
import {
  listWorkers,
  startWorkerProcess,
  stopWorker,
  type WorkerProcess,
} from '../workers/worker-processes.ts';
import { brokenPipeExitCode } from './exit-code.ts';
import { systemClock } from './local/clock.ts';
import { editText } from './local/edit-text.ts';
import { findRepository } from './local/find-repository.ts';
import { programName } from './local/program-name.ts';
import { stateDirectoryFacts } from './local/state-directory-facts.ts';
import type {
  DoctorFacts,
  ModelFacts,
  Platform,
  Progress,
  Replay,
  ReplayRequest,
  SandboxBackend,
  ServerFacts,
  WorkerFacts,
} from './platform.ts';
import { runCommandLine } from './program.ts';
import { showError } from './show-error.ts';
import { createNodeTerminal } from './terminal/node-terminal.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
// A package holds this file in dist/, and the executable beside it.
const executable = [join(root, 'bin', 'longhaul'), join(root, '..', 'bin', 'longhaul')].find((file) =>
  existsSync(file),
);
const { env } = process;
const PackageSchema = z.object({ version: z.string(), engines: z.object({ node: z.string() }) });
const dayMs = 24 * 60 * 60 * 1000;

/** The composition root of the command line: binds what it needs to the parts of `workers/`. */
function createPlatform(): Platform {
  const { stdin, stdout, stderr } = process;
  return {
    terminal: createNodeTerminal(
      { stdin, stdout, stderr },
      { noColor: env['NO_COLOR'], forceColor: env['FORCE_COLOR'], term: env['TERM'] },
    ),
    program: programName({ executable: executable ?? 'longhaul', env, workingDirectory: process.cwd() }),
    docs: join(root, 'docs', 'errors', '/'),
    version: packageFacts().version,
    workingDirectory: process.cwd(),
    user: userName(),
    clock: systemClock,
    randomBytes: (count) => randomBytes(count),
    defaults: { policy: 'default', maxIterations: 50, approvalTimeoutMs: 7 * dayMs },
    openClient: () => openTaskClient(env),
    requireRoom: () => requireRoom(stateDirectory(env)),
    chooseSandbox,
    isUnused: () => isUnusedHome(env),
    async server() {
      const server = await runningServer(env);
      return server === undefined ? null : serverFacts(server);
    },
    async ensureServer(progress) {
      const running = await runningServer(env);
      const server = running ?? (await resolveServer({ env, report: progress }));
      return { facts: serverFacts(server), started: running === undefined };
    },
    ensureWorkers,
    workers: ownWorkers,
    stop,
    runWorker: async ({ promote, leave }) => {
      const { serveTasks } = await import('../workers/serve-tasks.ts');
      await serveTasks({ chosen: promote, leave, endWhenReplaced: false });
    },
    doctor,
    replay,
    drill,
    model: async (name) => modelFacts(name),
    loadPolicy,
    readPolicy: async (nameOrFile) => policyFacts(await namedPolicy(nameOrFile)),
    importPolicy: importCodexRules,
    policySchema: policyJsonSchema,
    findRepository,
    uncommitted: (repository) => uncommittedNote(repository, env),
    editText: (text, fileName) => editText(env['VISUAL'] ?? env['EDITOR'], text, fileName),
    readFile: readNamedFile,
  };
}

function packageFacts(): z.infer<typeof PackageSchema> {
  return PackageSchema.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

function serverFacts(server: ResolvedServer): ServerFacts {
  const { kind, address, namespace } = server;
  return server.kind === 'embedded'
    ? { kind, address, namespace, version: server.server.version, uiAddress: server.server.uiAddress }
    : { kind, address, namespace, version: null, uiAddress: null };
}

/** Those that would take the tasks that this command line starts. */
async function workersOf(address: string | null): Promise<readonly WorkerFacts[]> {
  const taskQueue = taskQueueOf(env);
  const workers = (await listWorkers(stateDirectory(env)))
    .filter((worker) => worker.taskQueue === taskQueue)
    .filter((worker) => address === null || worker.address === address);
  if (workers.length === 0) return [];
  // What is wrong with the settings is said by those who need them.
  const own = askedSandbox(env) === null ? null : await sandboxMark(env).catch(() => null);
  return workers.map((worker) => workerFacts(worker, own));
}

function workerFacts(
  { pid, address, version, notes, model: mark, sandbox }: WorkerProcess,
  own: SandboxMark | null,
): WorkerFacts {
  const { backend, place } = sandbox ?? localMark;
  const model =
    mark === null
      ? null
      : { server: mark.server, keySet: mark.keySet, differs: otherSettings(mark, modelSettings(env), env) };
  return {
    pid,
    address,
    version,
    notes,
    model,
    sandbox: { backend, place, differs: otherSandbox(sandbox ?? localMark, own) },
  };
}

/** Those that a new task may get to; an address is asked for since a home may have had another server. */
async function ownWorkers(): Promise<readonly WorkerFacts[]> {
  const workers = await workersOf((await runningServer(env))?.address ?? null);
  // Naming the build may mean to make it.
  if (workers.length === 0) return [];
  const { buildId } = await workerBuild(env);
  return workers.filter(({ version }) => version === buildId);
}

async function chooseSandbox(asked: SandboxBackend | undefined): Promise<SandboxBackend | null> {
  if (asked !== undefined) env['LONGHAUL_SANDBOX'] = asked;
  await sandboxMark(env);
  return askedSandbox(env);
}

async function ensureWorkers(count: number, progress: Progress, leave: readonly string[]) {
  const server = await runningServer(env);
  const address = server?.address ?? null;
  const { buildId } = await workerBuild(env);
  // Workers of another version go on with what they have, and end when it is done.
  const running = (await workersOf(address)).filter(({ version }) => version === buildId).length;
  for (let number = running; number < count; number += 1)
    await startWorkerProcess({ env, report: progress, leave });
  return { facts: await workersOf(address), started: running < count };
}

async function stop(progress: Progress) {
  const home = stateDirectory(env);
  const workers = await listWorkers(home);
  await withProgress(
    progress,
    () => 'stopping the workers',
    () => Promise.all(workers.map(({ pid }) => stopWorker(pid, { home }))),
  );
  const server = await withProgress(
    progress,
    () => 'stopping the Temporal server',
    () => stopEmbeddedServer(home),
  );
  return { workers: workers.length, server };
}

function modelFacts(name: string | null): ModelFacts {
  const { baseUrl, apiKey, defaultModel, config } = modelSettings(env);
  const model = name ?? defaultModel;
  const priceKnown = createProfileTable(config)(model).price !== null;
  return { model, baseUrl, keySet: apiKey !== null, priceKnown };
}

/** A file's policy is stored as it was checked: the task's own copy, whatever becomes of the file. */
async function loadPolicy(nameOrFile: string): Promise<PolicyRef> {
  if (isBuiltIn(nameOrFile)) return { name: nameOrFile, digest: null };
  const text = await policyFile(nameOrFile);
  const name = basename(resolve(nameOrFile));
  parsePolicy(text, name);
  const digest = await artifactStore(ensurePrivateDirectory(stateDirectory(env))).put(Buffer.from(text));
  return { name, digest };
}

async function namedPolicy(nameOrFile: string) {
  const text = isBuiltIn(nameOrFile) ? null : await policyFile(nameOrFile);
  return resolvePolicy(text === null ? nameOrFile : basename(resolve(nameOrFile)), text);
}

async function policyFile(nameOrFile: string): Promise<string> {
  const path = resolve(nameOrFile);
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new LonghaulError(
      'policy.not_found',
      `There is no built-in policy "${nameOrFile}", and no file ${path} can be read. Built-in are default, careful, strict and sandboxed.`,
      { cause: error },
    );
  });
}

async function readNamedFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LonghaulError('usage.invalid', `The file ${path} cannot be read: ${reason}`, { cause: error });
  });
}

async function replay(request: ReplayRequest): Promise<Replay> {
  // The SDK is loaded by those verbs only that need it.
  const { recordedHistories, replayRuns, requireTasks, serverHistories } = await import(
    '../workers/versions/replay-tasks.ts'
  );
  const { buildId: build, codePath } = await workerBuild(env);
  if (request.type === 'folder')
    return { build, runs: replayRuns(codePath, recordedHistories(resolve(request.folder))) };
  const { client, close } = await openTemporalClient(env);
  const which = request.type === 'since' ? { ...request, taskQueue: taskQueueOf(env) } : request;
  if ('taskIds' in which)
    await requireTasks(client, which.taskIds).catch(async (error: unknown) => {
      await close();
      throw error;
    });
  const runs = async function* () {
    try {
      yield* replayRuns(codePath, serverHistories(client, which));
    } finally {
      await close();
    }
  };
  return { build, runs: runs() };
}

async function doctor(): Promise<DoctorFacts> {
  const server = await serverHealth();
  return {
    node: nodeFacts(),
    git: { version: await gitVersion() },
    stateDirectory: await stateDirectoryFacts(stateDirectory(env)),
    server,
    workers: await workersOf(null),
    versions: server.reachable ? await versionFacts(env).catch(() => null) : null,
    sandbox: await sandboxHealth(env),
    model: modelFacts(null),
  };
}

function nodeFacts(): DoctorFacts['node'] {
  const needed = packageFacts().engines.node;
  const least = Number(/\d+/.exec(needed)?.[0] ?? 0);
  return { version: process.version, needed, newEnough: Number.parseInt(process.versions.node, 10) >= least };
}

async function gitVersion(): Promise<string | null> {
  return promisify(execFile)('git', ['--version']).then(
    ({ stdout }) => /\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? null,
    () => null,
  );
}

async function serverHealth(): Promise<DoctorFacts['server']> {
  const known = await knownServer(env);
  if (known === undefined) return { facts: null, reachable: false, ...binaryFacts() };
  const { server, silentPid } = known;
  const detail =
    silentPid === null
      ? await askServer()
      : `process ${silentPid} runs, and starts or is stuck: wait if it has just been started`;
  return { facts: serverFacts(server), reachable: detail === '', detail, startable: true };
}

/** Asks for one task, so that a missing search attribute or permission is found as well; empty when all is well. */
async function askServer(): Promise<string> {
  try {
    const client = await openTaskClient(env);
    try {
      await client.list({ limit: 1 });
    } finally {
      await client.close();
    }
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function binaryFacts(): { readonly detail: string; readonly startable: boolean } {
  const folders = (env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  const found = [cachedBinary(env), ...folders.map((folder) => join(folder, 'temporal'))].find(existsSync);
  const detail =
    found === undefined
      ? 'no Temporal CLI here yet; the first start downloads or builds one'
      : `${found} is there to start one`;
  return { detail, startable: true };
}

/** Until the drill has ended what it started, nothing ends this process but SIGKILL; what that leaves, the next drill clears away. */
let drilling = false;
const stopDrill = () => void process.emit('SIGINT');

async function drill(taskId: TaskId, options: DrillOptions, tell: (event: DrillEvent) => void) {
  const { drillTask } = await import('../drill/drill.ts');
  drilling = true;
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, stopDrill);
  try {
    return await drillTask(taskId, env, options, tell);
  } finally {
    drilling = false;
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.off(signal, stopDrill);
  }
}

async function main(words: readonly string[]): Promise<number> {
  const platform = createPlatform();
  try {
    return await runCommandLine(platform, words);
  } catch (error) {
    return await showError(platform.terminal, await fullDiskBehind(error, env), {
      json: words.includes('--json'),
      debug: (env['LONGHAUL_DEBUG'] ?? '') !== '',
      docs: platform.docs,
      program: platform.program,
    });
  }
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!drilling) process.exit(brokenPipeExitCode);
    stopDrill();
  });
}
process.exit(await main(process.argv.slice(2)));
