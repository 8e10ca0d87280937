import { join } from 'node:path';
import type { Info } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { onTestFinished } from 'vitest';
import { putJson } from '../../activities/artifact-json.ts';
import { type ActivityLimits, defaultLimits, type Ports } from '../../activities/ports.ts';
import { createDirectoryStore } from '../../artifacts/directory-store.ts';
import type { Action, ActionBody } from '../../contracts/action.ts';
import type { ExecuteInput, WorkspaceRef } from '../../contracts/activities.ts';
import type { ActionId, Digest, LeaseId, TaskId } from '../../contracts/ids.ts';
import type { ModelClient } from '../../contracts/model-client.ts';
import type { TaskSpec } from '../../contracts/task.ts';
import { createGitForge } from '../../forge/git-forge.ts';
import { createGitTaskRepository } from '../../forge/git-task-repository.ts';
import { createDialect } from '../../models/dialect.ts';
import { createOpenAiClient, defaultModelLimits } from '../../models/openai-client.ts';
import { createProfileTable, type ModelConfig } from '../../models/profile.ts';
import { type ScenarioInput, ScenarioSchema } from '../../models/scripted/scenario.ts';
import { type ScriptedModel, startScriptedModel } from '../../models/scripted/server.ts';
import { silentNotifier } from '../../workers/notify/silent-notifier.ts';
import { makeRepository } from './git-fixture.ts';
import { type LocalFixture, makeLocalFixture } from './local-sandbox.ts';

export interface TaskFixture {
  /** Real adapters: a directory store, git, the local sandbox; the model as a test gives it. */
  readonly ports: Ports;
  readonly spec: TaskSpec;
  /** The person's repository. */
  readonly repository: string;
  readonly directory: string;
  readonly specDigest: Digest;
  readonly contextDigest: Digest;
  /** The base, as `fetchRepository` gives it. */
  readonly base: WorkspaceRef;
  readonly local: LocalFixture;
  /** The lease in use after `count` losses. */
  leaseId(number?: number): LeaseId;
}

export interface TaskFixtureOptions {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly spec?: Partial<TaskSpec>;
  readonly limits?: Partial<ActivityLimits>;
  readonly scenario?: ScenarioInput;
  readonly profiles?: ModelConfig['profiles'];
}

let count = 0;

/** A task on a small repository, fetched, with the ports that a worker has. Everything of it goes when the test has finished. */
export async function makeTaskFixture(options: TaskFixtureOptions = {}): Promise<TaskFixture> {
  const local = await makeLocalFixture();
  const { directory } = local;
  const stateDir = join(directory, 'forge');
  const repository = join(directory, 'person');
  makeRepository(repository, options.files ?? { 'README.md': '# Sample\n', 'src/a.txt': '1\n2\n3\n' });
  const taskId = `t${process.pid}-${++count}` as TaskId;
  const { model } = options.scenario === undefined ? { model: noModel } : await serve(options.scenario);
  const profileOf = createProfileTable({ profiles: options.profiles ?? {} });
  const artifacts = createDirectoryStore(join(directory, 'artifacts'));
  const ports: Ports = {
    artifacts,
    forge: createGitForge({ stateDir }),
    repositories: createGitTaskRepository({ stateDir }),
    sandbox: local.sandbox,
    model,
    dialect: (name) => createDialect(name, profileOf(name)),
    notifier: silentNotifier,
    overtaken: async () => null,
    limits: { ...defaultLimits, ...options.limits },
    leaseMode: 'task',
  };
  onTestFinished(async () => {
    for (const { leaseId } of await local.sandbox.leases()) await local.sandbox.release(leaseId);
    await local.cleanup();
  });
  const spec = specOf(taskId, repository, options.spec);
  const { baseCommit, baseTree } = await ports.forge.fetch(spec);
  return {
    ports,
    spec,
    repository,
    directory,
    local,
    specDigest: await putJson(artifacts, spec),
    contextDigest: await putJson(artifacts, { text: 'A small repository.', setup: null }),
    base: { baseCommit, commit: baseCommit, tree: baseTree, manifestDigest: null, leaseNumber: 1 },
    leaseId: (number = 1) => `${taskId}.${number}` as LeaseId,
  };
}

export function specOf(taskId: TaskId, repository: string, more: Partial<TaskSpec> = {}): TaskSpec {
  return {
    taskId,
    instruction: 'Make it better',
    repository,
    ref: null,
    includeChanges: false,
    checks: [],
    setup: [],
    constraints: [],
    paths: [],
    budget: { maxUsd: null, maxIterations: 50 },
    policy: { name: 'default', digest: null },
    model: 'scripted',
    requestedBy: 'ann',
    approvalTimeoutMs: 3_600_000,
    ...more,
  };
}

/** Any use of it is a mistake of the test. */
const noModel: ModelClient = {
  respond: () => Promise.reject(new Error('this test has no model')),
  compact: () => Promise.reject(new Error('this test has no model')),
  cancel: () => Promise.reject(new Error('this test has no model')),
};

/** A scripted model server and the real client to it, until the test has finished. */
export async function serve(
  scenario: ScenarioInput,
  profiles: ModelConfig['profiles'] = {},
): Promise<{ readonly server: ScriptedModel; readonly model: ModelClient }> {
  const server = await startScriptedModel(ScenarioSchema.parse(scenario), { port: 0, keepBodies: true });
  onTestFinished(() => server.close());
  const model = createOpenAiClient({
    ...defaultModelLimits,
    pollIntervalMs: 20,
    baseUrl: server.url,
    apiKey: 'sk-test',
    organization: null,
    project: null,
    profileOf: createProfileTable({ profiles }),
    nowMs: Date.now,
  });
  return { server, model };
}

/** Stores an action's body and names it as `plan` does. */
export async function storedAction(
  { artifacts }: Pick<Ports, 'artifacts'>,
  id: string,
  body: ActionBody,
): Promise<Action> {
  return { id: id as ActionId, kind: body.kind, digest: await putJson(artifacts, body), summary: id };
}

export function shellBody(
  line: string,
  more: Partial<Extract<ActionBody, { kind: 'shell' }>> = {},
): ActionBody {
  return {
    kind: 'shell',
    argv: ['bash', '-c', line],
    line,
    cwd: '.',
    timeoutMs: null,
    justification: null,
    ...more,
  };
}

/** An execution that has no checks to be judged by. */
export function executeInput(
  { spec, specDigest, contextDigest, base }: TaskFixture,
  actions: readonly Action[],
  more: Partial<ExecuteInput> = {},
): ExecuteInput {
  return {
    taskId: spec.taskId,
    iteration: 1,
    specDigest,
    contextDigest,
    workspace: base,
    actions,
    timestampMs: 1_700_000_000_000,
    checks: [],
    depth: 'all',
    modelSaysDone: false,
    repeatedActions: false,
    last: null,
    stuckFor: 0,
    best: null,
    ...more,
  };
}

/** An activity that fails is what many tests are about, no news. */
export const quiet = new DefaultLogger('ERROR');

/** Runs an activity as a worker does, without a server. */
export function inActivity<I, O>(
  activity: (input: I) => Promise<O>,
  input: I,
  info: Partial<Info> = {},
): Promise<O> {
  return new MockActivityEnvironment(info, { logger: quiet }).run(activity, input);
}

export async function artifactText(
  { artifacts }: Pick<Ports, 'artifacts'>,
  digest: Digest | null,
): Promise<string> {
  if (digest === null) throw new Error('there is no artifact');
  return new TextDecoder().decode(await artifacts.get(digest));
}
