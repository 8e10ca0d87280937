import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { makeSampleRepository } from '../demo/sample-repository.ts';
import { benchSpec, openBenchWorld } from './bench-world.ts';
import type { LoopRun } from './loop-run.ts';
import { startMemoryServer } from './memory-server.ts';
import { watchRequests } from './request-times.ts';
import type { Commands } from './scenario.ts';

const limitMs = 30 * 60_000;

export interface LonghaulSetting {
  readonly database: 'file' | 'memory';
  /** Of workers. */
  readonly versioning: 'on' | 'off';
  /** Of the worker, besides. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A whole task on a real server with a real worker process and sandbox, checkpoint and record; nothing is switched off. */
export async function longhaulLoop(
  { scenario, turns }: Commands,
  { database = 'file', versioning = 'on', environment = {} }: Partial<LonghaulSetting> = {},
): Promise<LoopRun> {
  const home = mkdtempSync(join(tmpdir(), 'longhaul-bench-'));
  const repository = makeSampleRepository();
  const watched = watchRequests();
  const inMemory = database === 'memory' ? await startMemoryServer() : null;
  const coldMs = performance.now();
  const more = {
    LONGHAUL_WORKER_VERSIONING: versioning,
    ...environment,
    ...(inMemory === null ? {} : { TEMPORAL_ADDRESS: inMemory.address }),
  };
  const world = await openBenchWorld(scenario, home, more).catch(async (error: unknown) => {
    await inMemory?.stop();
    throw error;
  });
  const { tasks, address } = world;
  const spec = benchSpec(`bench-${Date.now().toString(36)}`, repository, 'bench', turns + 10);
  const { taskId } = spec;
  try {
    const startedMs = performance.now();
    await tasks.start(spec);
    let keeperMb = 0;
    const options = { follow: true, live: false, signal: AbortSignal.timeout(limitMs) };
    for await (const event of tasks.watch(taskId, options)) {
      if (event.type === 'actions.observed') keeperMb = peakMb(keeperOf(home, taskId));
      if (event.type === 'task.finished' && event.status !== 'delivered')
        throw new Error(`the task ended as ${event.status}: ${event.reason}`);
    }
    const { turnsMs, firstArrivedMs } = watched.stop();
    const serverPid = inMemory?.pid ?? world.serverPid;
    return {
      turnsMs,
      firstRequestMs: firstArrivedMs - startedMs,
      bytesSent: world.bytesSent(),
      more: {
        'first request, with starting server and worker': `${Math.round(firstArrivedMs - coldMs)} ms`,
        'history an iteration': `${Math.round((await historyBytes(address, taskId)) / (turns + 2))} bytes`,
        'peak memory': `worker ${peakMb(world.workerPid)} MB, server ${peakMb(serverPid)} MB, keeper ${keeperMb} MB`,
      },
    };
  } finally {
    watched.stop();
    await world.close();
    await inMemory?.stop();
    rmSync(home, { recursive: true, force: true });
    rmSync(repository, { recursive: true, force: true });
  }
}

/** Of all runs of the task. */
async function historyBytes(address: string, taskId: string): Promise<number> {
  const connection = await Connection.connect({ address });
  let bytes = 0;
  for await (const run of new Client({ connection }).workflow.list({ query: `WorkflowId = '${taskId}'` }))
    bytes += run.historySize ?? 0;
  await connection.close();
  return bytes;
}

function keeperOf(home: string, taskId: string): number {
  const leases = join(home, 'leases');
  // In a cluster its keepers are elsewhere.
  if (!existsSync(leases)) return 0;
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
