import type { TaskClient } from '../../client/task-client.ts';
import { TaskIdSchema } from '../../contracts/ids.ts';
import type { TaskSpec } from '../../contracts/task.ts';
import type { Scenario } from '../../models/scripted/scenario.ts';
import { startScriptedModel } from '../../models/scripted/server.ts';
import { resolveServer } from '../../workers/connection.ts';
import { stopEmbeddedServer } from '../../workers/embedded-server/stop.ts';
import { openTaskClient } from '../../workers/open-task-client.ts';
import { startWorkerProcess, stopWorker } from '../../workers/worker-processes.ts';
import { totalBytes } from './loop-run.ts';

/** A server, one worker process and a scripted model of their own. */
export interface BenchWorld {
  readonly home: string;
  readonly workerPid: number;
  /** 0 where `more` names a server that runs already. */
  readonly serverPid: number;
  readonly address: string;
  readonly tasks: TaskClient;
  /** All that the model server was sent. */
  bytesSent(): number;
  close(): Promise<void>;
}

export async function openBenchWorld(
  scenario: Scenario,
  home: string,
  more: Readonly<Record<string, string>> = {},
): Promise<BenchWorld> {
  const model = await startScriptedModel(scenario, { port: 0, keepBodies: false });
  const env = {
    ...process.env,
    LONGHAUL_HOME: home,
    LONGHAUL_TASK_QUEUE: '',
    OPENAI_BASE_URL: model.url,
    OPENAI_API_KEY: 'bench',
    ...more,
  };
  const server = await resolveServer({ env });
  const worker = await startWorkerProcess({ home, env });
  const tasks = await openTaskClient(env);
  return {
    home,
    workerPid: worker.pid,
    serverPid: server.kind === 'embedded' ? server.server.pid : 0,
    address: server.address,
    tasks,
    bytesSent: () => totalBytes(model),
    async close() {
      await tasks.close();
      await stopWorker(worker.pid, { home });
      await stopEmbeddedServer(home);
      await model.close();
    },
  };
}

export function benchSpec(
  taskId: string,
  repository: string,
  requestedBy: string,
  maxIterations = 100,
): TaskSpec {
  return {
    taskId: TaskIdSchema.parse(taskId),
    instruction: 'Run the commands.',
    repository,
    ref: null,
    includeChanges: false,
    checks: [{ name: 'true', command: 'true' }],
    setup: [],
    constraints: [],
    paths: [],
    budget: { maxUsd: null, maxIterations },
    policy: { name: 'sandboxed', digest: null },
    model: 'scripted',
    requestedBy,
    approvalTimeoutMs: 60_000,
  };
}
