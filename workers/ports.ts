import { defaultLimits, type Ports } from '../activities/ports.ts';
import { LonghaulError } from '../contracts/error.ts';
import type { ModelClient } from '../contracts/model-client.ts';
import type { Notifier } from '../contracts/notifier.ts';
import type { Sandbox } from '../contracts/sandbox.ts';
import { createGitForge } from '../forge/git-forge.ts';
import { createOpenAiClient, defaultModelLimits, type ModelLimits } from '../models/openai-client.ts';
import { createProfileTable } from '../models/profile.ts';
import { kubernetesSandbox } from './kubernetes-ports.ts';
import { artifactStore, localSandbox, taskRepository } from './local-ports.ts';
import { dialects, type ModelSettings, modelSettings } from './model-config.ts';
import { silentNotifier } from './notify/silent-notifier.ts';
import { createWebhookNotifier, defaultWebhookTimeoutMs } from './notify/webhook-notifier.ts';
import { overtaken } from './overtaken.ts';
import { askedLease, askedSandbox } from './sandbox-choice.ts';
import { type Environment, ensurePrivateDirectory, stateDirectory } from './state-dir.ts';

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
    leaseMode: askedLease(env),
  };
}

/** The sandbox that `LONGHAUL_SANDBOX` names; the local one where it names none. Throws `config.invalid`. */
export function sandboxOf(env: Environment): Sandbox {
  return askedSandbox(env) === 'kubernetes' ? kubernetesSandbox(env) : localSandbox(env);
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
