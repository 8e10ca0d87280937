import type { TaskClient } from '../../client/task-client.ts';
import { TaskIdSchema } from '../../contracts/ids.ts';
import type { TaskSpec } from '../../contracts/task.ts';
import type { Scenario } from '../../models/scripted/scenario.ts';
import { startScriptedModel } from '../../models/scripted/server.ts';
import { startEmbeddedServer } from '../../workers/embedded-server/start.ts';
import { stopEmbeddedServer } from '../../workers/embedded-server/stop.ts';
import { openTaskClient } from '../../workers/open-task-client.ts';
import { startWorkerProcess, stopWorker } from '../../workers/worker-processes.ts';

/** A server, one worker process and a scripted model of their own. */
export interface BenchWorld {
  readonly home: string;
  readonly workerPid: number;
  readonly serverPid: number;
  readonly tasks: TaskClient;
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
  const server = await startEmbeddedServer({ home, env });
  const worker = await startWorkerProcess({ home, env });
  const tasks = await openTaskClient(env);
  return {
    home,
    workerPid: worker.pid,
    serverPid: server.pid,
    tasks,
    async close() {
      await tasks.close();
      await stopWorker(worker.pid, { home });
      await stopEmbeddedServer(home);
      await model.close();
    },
  };
}

export function benchSpec(taskId: string, repository: string, requestedBy: string): TaskSpec {
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
    budget: { maxUsd: null, maxIterations: 100 },
    policy: { name: 'sandboxed', digest: null },
    model: 'scripted',
    requestedBy,
    approvalTimeoutMs: 60_000,
  };
}
