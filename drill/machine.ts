import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskClient } from '../client/task-client.ts';
import type { Scenario } from '../models/scripted/scenario.ts';
import { type ReceivedRequest, type ScriptedModel, startScriptedModel } from '../models/scripted/server.ts';
import { choosePort } from '../workers/embedded-server/ports.ts';
import { startEmbeddedServer } from '../workers/embedded-server/start.ts';
import { writeServerState } from '../workers/embedded-server/state-file.ts';
import { artifactStore } from '../workers/local-ports.ts';
import { openTaskClient } from '../workers/open-task-client.ts';
import { type Environment, ensurePrivateDirectory } from '../workers/state-dir.ts';
import { startWorkerProcess } from '../workers/worker-processes.ts';
import { type Counter, openCounter } from './counter.ts';
import { endMachine } from './machine-end.ts';
import { modelsFile } from './models-file.ts';
import type { Recording } from './recording.ts';

/** Everything that a task needs, in one directory: a home, a Temporal server, workers, the recorded model, a count of what begins. */
export interface Machine {
  readonly home: string;
  readonly env: Environment;
  readonly client: TaskClient;
  readonly counter: Counter;
  readonly model: ScriptedModel;
  startServer(): Promise<void>;
  startWorker(): Promise<void>;
  close(): Promise<void>;
}

export interface MachineDeps {
  readonly directory: string;
  /** The person's environment: toolchains, proxies and caches are taken from it; servers, keys and homes are not. */
  readonly env: Environment;
  readonly recording: Recording;
  readonly scenario: Scenario;
  readonly onBegun: (stepId: string) => void;
  /** Awaited before the model answers. */
  readonly onRequest: (request: ReceivedRequest) => Promise<void>;
}

/** With one more than a task needs, another takes over at once. */
export const workersKept = 2;

/** Starts a machine with its workers. Throws what starting a server and a worker throws; nothing is left then. */
export async function startMachine(deps: MachineDeps): Promise<Machine> {
  const home = ensurePrivateDirectory(join(deps.directory, 'home'));
  const counter = openCounter(join(deps.directory, 'counter'), deps.onBegun);
  const model = await startScriptedModel(deps.scenario, {
    port: 0,
    keepBodies: false,
    onRequest: deps.onRequest,
  });
  const end = async () => {
    await endMachine(home);
    await model.close();
    counter.close();
  };
  try {
    const env = await environmentOf(deps, home, counter, model);
    await chooseFreePorts(home);
    for (const { bytes } of deps.recording.artifacts) await artifactStore(home).put(bytes);
    const startServer = async () => void (await startEmbeddedServer({ home, env }));
    const startWorker = async () => void (await startWorkerProcess({ home, env }));
    await startServer();
    await Promise.all(Array.from({ length: workersKept }, startWorker));
    const client = await openTaskClient(env);
    const close = async () => {
      await client.close();
      await end();
    };
    return { home, env, client, counter, model, startServer, startWorker, close };
  } catch (error) {
    await end();
    throw error;
  }
}

const personVariables = ['TEMPORAL_', 'OPENAI_', 'LONGHAUL_'];

async function environmentOf(
  { env, directory }: MachineDeps,
  home: string,
  counter: Counter,
  model: ScriptedModel,
): Promise<Environment> {
  const temporalConfig = join(directory, 'temporal.toml');
  await mkdir(directory, { recursive: true });
  await writeFile(temporalConfig, '[profile.default]\n');
  const kept = Object.entries(env).filter(([name]) => !personVariables.some((one) => name.startsWith(one)));
  const lent = env['LONGHAUL_SANDBOX_READ_ONLY_PATHS'] ?? '';
  return {
    ...Object.fromEntries(kept),
    LONGHAUL_HOME: home,
    LONGHAUL_MODELS_FILE: await modelsFile(env, directory),
    // First, so that its `sh` is found before any other.
    LONGHAUL_SANDBOX_READ_ONLY_PATHS: lent === '' ? counter.directory : `${counter.directory}:${lent}`,
    OPENAI_BASE_URL: model.url,
    OPENAI_API_KEY: 'drill-key-of-no-worth',
    // One that names no server, where the person's own may.
    TEMPORAL_CONFIG_FILE: temporalConfig,
  };
}

/** Never the usual ports: they are for the person's own server, also while it is down. */
async function chooseFreePorts(home: string): Promise<void> {
  const port = await choosePort(0, 'the Temporal server', () => {});
  const uiPort = await choosePort(0, "Temporal's web page", () => {});
  await writeServerState(home, { status: 'stopped', port, uiPort });
}
