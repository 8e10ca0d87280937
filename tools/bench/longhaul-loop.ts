import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { TaskIdSchema } from '../../contracts/ids.ts';
import { startScriptedModel } from '../../models/scripted/server.ts';
import { resolveServer } from '../../workers/connection.ts';
import { stopEmbeddedServer } from '../../workers/embedded-server/stop.ts';
import { openTaskClient } from '../../workers/open-task-client.ts';
import { startWorkerProcess, stopWorker } from '../../workers/worker-processes.ts';
import { makeSampleRepository } from '../demo/sample-repository.ts';
import { type LoopRun, totalBytes } from './loop-run.ts';
import { startMemoryServer } from './memory-server.ts';
import { watchRequests } from './request-times.ts';
import type { Commands } from './scenario.ts';

const limitMs = 30 * 60_000;

/** A whole task on a real server with a real worker process and sandbox, checkpoint and record; nothing is switched off. */
export async function longhaulLoop(
  { scenario, turns }: Commands,
  database: 'file' | 'memory' = 'file',
): Promise<LoopRun> {
  const home = mkdtempSync(join(tmpdir(), 'longhaul-bench-'));
  const repository = makeSampleRepository();
  const model = await startScriptedModel(scenario, { port: 0, keepBodies: false });
  const watched = watchRequests();
  const inMemory = database === 'memory' ? await startMemoryServer() : null;
  const env = {
    ...process.env,
    LONGHAUL_HOME: home,
    LONGHAUL_TASK_QUEUE: '',
    OPENAI_BASE_URL: model.url,
    OPENAI_API_KEY: 'bench',
    ...(inMemory === null ? {} : { TEMPORAL_ADDRESS: inMemory.address }),
  };
  const coldMs = performance.now();
  const server = await resolveServer({ env });
  const worker = await startWorkerProcess({ home, env });
  const tasks = await openTaskClient(env);
  const taskId = TaskIdSchema.parse(`bench-${Date.now().toString(36)}`);
  try {
    const startedMs = performance.now();
    await tasks.start({
      taskId,
      instruction: 'Run the commands.',
      repository,
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
    let keeperMb = 0;
    const options = { follow: true, live: false, signal: AbortSignal.timeout(limitMs) };
    for await (const event of tasks.watch(taskId, options)) {
      if (event.type === 'actions.observed') keeperMb = peakMb(keeperOf(home, taskId));
      if (event.type === 'task.finished' && event.status !== 'delivered')
        throw new Error(`the task ended as ${event.status}: ${event.reason}`);
    }
    const { turnsMs, firstArrivedMs } = watched.stop();
    const serverPid = inMemory?.pid ?? (server.kind === 'embedded' ? server.server.pid : 0);
    return {
      turnsMs,
      firstRequestMs: firstArrivedMs - startedMs,
      bytesSent: totalBytes(model),
      more: {
        'first request, with starting server and worker': `${Math.round(firstArrivedMs - coldMs)} ms`,
        'history an iteration': `${Math.round((await historyBytes(server, taskId)) / (turns + 2))} bytes`,
        'peak memory': `worker ${peakMb(worker.pid)} MB, server ${peakMb(serverPid)} MB, keeper ${keeperMb} MB`,
      },
    };
  } finally {
    watched.stop();
    await tasks.close();
    await stopWorker(worker.pid, { home });
    await (inMemory?.stop() ?? stopEmbeddedServer(home));
    await model.close();
    rmSync(home, { recursive: true, force: true });
    rmSync(repository, { recursive: true, force: true });
  }
}

/** Of all runs of the task. */
async function historyBytes({ address }: { readonly address: string }, taskId: string): Promise<number> {
  const connection = await Connection.connect({ address });
  let bytes = 0;
  for await (const run of new Client({ connection }).workflow.list({ query: `WorkflowId = '${taskId}'` }))
    bytes += run.historySize ?? 0;
  await connection.close();
  return bytes;
}

function keeperOf(home: string, taskId: string): number {
  const leases = join(home, 'leases');
  const name = readdirSync(leases).find((lease) => lease.startsWith(`${taskId}.`));
  if (name === undefined) return 0;
  const recorded = JSON.parse(readFileSync(join(leases, name, 'processes.json'), 'utf8'));
  return (recorded as { readonly keeper: { readonly pid: number } }).keeper.pid;
}

/** VmHWM of proc(5); 0 for a process that is gone. */
function peakMb(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Math.round(Number(/VmHWM:\s+([0-9]+)/.exec(status)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}
