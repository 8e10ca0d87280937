import { TaskIdSchema } from '../../contracts/ids.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';
import { startScriptedModel } from '../../models/scripted/server.ts';
import { resolveServer } from '../../workers/connection.ts';
import { stopEmbeddedServer } from '../../workers/embedded-server/stop.ts';
import { openTaskClient } from '../../workers/open-task-client.ts';
import { startWorkerProcess, stopWorker } from '../../workers/worker-processes.ts';
import { makeSampleRepository } from '../demo/sample-repository.ts';
import { cheapCommands } from './scenario.ts';

export interface LoopTimes {
  /** From the start of the task to its first recorded iteration. */
  readonly firstIterationMs: number;
  /** Between one record and the next. */
  readonly iterationsMs: readonly number[];
}

/** A whole task of `turns` cheap commands on a real server with a real worker process and sandbox. */
export async function longhaulLoop(turns: number, home: string): Promise<LoopTimes> {
  const model = await startScriptedModel(cheapCommands(turns), { port: 0, keepBodies: false });
  const env = {
    ...process.env,
    LONGHAUL_HOME: home,
    LONGHAUL_TASK_QUEUE: '',
    OPENAI_BASE_URL: model.url,
    OPENAI_API_KEY: 'bench',
  };
  await resolveServer({ env });
  const worker = await startWorkerProcess({ home, env });
  const tasks = await openTaskClient(env);
  const taskId = TaskIdSchema.parse(`bench-${turns}-${Date.now().toString(36)}`);
  try {
    await tasks.start({
      taskId,
      instruction: 'Run the commands.',
      repository: makeSampleRepository(),
      ref: null,
      includeChanges: false,
      checks: [{ name: 'true', command: 'true' }],
      setup: [],
      constraints: [],
      paths: [],
      budget: { maxUsd: null, maxIterations: turns + 10 },
      policy: { name: 'sandboxed', digest: null },
      model: 'scripted',
      requestedBy: 'bench',
      approvalTimeoutMs: 60_000,
    });
    return await times(
      tasks.watch(taskId, { follow: true, live: false, signal: AbortSignal.timeout(20 * 60_000) }),
    );
  } finally {
    await tasks.close();
    await stopWorker(worker.pid, { home });
    await stopEmbeddedServer(home);
    await model.close();
  }
}

async function times(events: AsyncIterable<TaskEvent>): Promise<LoopTimes> {
  let startedMs = 0;
  const recorded: number[] = [];
  for await (const event of events) {
    if (event.type === 'task.started') startedMs = event.atMs;
    if (event.type === 'iteration.recorded') recorded.push(event.atMs);
    if (event.type === 'task.finished' && event.status !== 'delivered')
      throw new Error(`the task ended as ${event.status}: ${event.reason}`);
  }
  const iterationsMs = recorded.slice(1).map((at, index) => at - (recorded[index] ?? at));
  return { firstIterationMs: (recorded[0] ?? startedMs) - startedMs, iterationsMs };
}
