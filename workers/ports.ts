import { join } from 'node:path';
import { defaultLimits, type Ports } from '../activities/ports.ts';
import { createDirectoryStore } from '../artifacts/directory-store.ts';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import { LonghaulError } from '../contracts/error.ts';
import type { ModelClient } from '../contracts/model-client.ts';
import type { Notifier } from '../contracts/notifier.ts';
import type { Sandbox } from '../contracts/sandbox.ts';
import type { TaskRepository } from '../contracts/task-repository.ts';
import { createGitForge } from '../forge/git-forge.ts';
import { createGitTaskRepository } from '../forge/git-task-repository.ts';
import { createOpenAiClient, defaultModelLimits, type ModelLimits } from '../models/openai-client.ts';
import { createProfileTable } from '../models/profile.ts';
import { defaultSilenceLimitMs } from '../sandbox/call-while-alive.ts';
import { createLocalSandbox, defaultIdleLimitMs } from '../sandbox/local-sandbox.ts';
import { kubernetesSandbox } from './kubernetes-ports.ts';
import { dialects, type ModelSettings, modelSettings } from './model-config.ts';
import { silentNotifier } from './notify/silent-notifier.ts';
import { createWebhookNotifier, defaultWebhookTimeoutMs } from './notify/webhook-notifier.ts';
import { overtaken } from './overtaken.ts';
import { askedSandbox } from './sandbox-choice.ts';
import { cacheDirectory, type Environment, ensurePrivateDirectory, stateDirectory } from './state-dir.ts';

/** The adapters that this machine's configuration asks for. Throws `config.invalid`, `disk.no_permission`, `disk.full`. */
export function createPorts(env: Environment = process.env, modelLimits: Partial<ModelLimits> = {}): Ports {
  const home = ensurePrivateDirectory(stateDirectory(env));
  const settings = modelSettings(env);
  return {
    artifacts: artifactStore(home),
    forge: createGitForge({ stateDir: home, environment: env }),
    repositories: taskRepository(home),
    sandbox: sandboxOf(env),
    model: modelClient(settings, modelLimits),
    dialect: dialects(settings),
    notifier: notifierOf(env),
    overtaken,
    limits: defaultLimits,
  };
}

export function artifactStore(home: string): ArtifactStore {
  return createDirectoryStore(join(home, 'artifacts'));
}

export function taskRepository(home: string): TaskRepository {
  return createGitTaskRepository({ stateDir: home });
}

/** The sandbox that `LONGHAUL_SANDBOX` names; the local one where it names none. Throws `config.invalid`. */
export function sandboxOf(env: Environment): Sandbox {
  return askedSandbox(env) === 'kubernetes' ? kubernetesSandbox(env) : localSandbox(env);
}

/** Toolchains that lie in a home directory are lent by name: `LONGHAUL_SANDBOX_READ_ONLY_PATHS`, separated by colons. */
export function localSandbox(env: Environment = process.env): Sandbox {
  const lent = (env['LONGHAUL_SANDBOX_READ_ONLY_PATHS'] ?? '').split(':').filter((path) => path !== '');
  return createLocalSandbox({
    stateDir: stateDirectory(env),
    cacheDir: cacheDirectory(env),
    nodePath: process.execPath,
    readOnlyPaths: lent,
    searchPath: (env['PATH'] ?? '').split(':').filter((path) => path !== ''),
    upstreamProxyUrl: env['HTTPS_PROXY'] ?? env['https_proxy'] ?? null,
    idleLimitMs: defaultIdleLimitMs,
    silenceLimitMs: defaultSilenceLimitMs,
  });
}

/** Who is told of what waits: the address in `LONGHAUL_NOTIFY_URL`, else nobody. */
function notifierOf(env: Environment): Notifier {
  const url = env['LONGHAUL_NOTIFY_URL'] ?? '';
  return url === '' ? silentNotifier : createWebhookNotifier({ url, timeoutMs: defaultWebhookTimeoutMs });
}

function modelClient(settings: ModelSettings, limits: Partial<ModelLimits>): ModelClient {
  const { baseUrl, apiKey, organization, project, config } = settings;
  if (apiKey === null) return withoutKey();
  return createOpenAiClient({
    baseUrl,
    apiKey,
    organization,
    project,
    ...defaultModelLimits,
    ...limits,
    profileOf: createProfileTable(config),
    nowMs: Date.now,
  });
}

/** A worker without a key still serves tasks that wait, and says at the first call what is missing. */
function withoutKey(): ModelClient {
  const refuse = () =>
    Promise.reject(
      new LonghaulError(
        'model.not_configured',
        'this worker has no OPENAI_API_KEY: set it and start the worker again ("longhaul down", "longhaul up")',
      ),
    );
  return { respond: refuse, compact: refuse, cancel: refuse };
}
