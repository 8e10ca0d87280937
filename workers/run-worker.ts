import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import {
  type ActivityInterceptorsFactory,
  NativeConnection,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { createActivities } from '../activities/create-activities.ts';
import type { Ports } from '../activities/ports.ts';
import type { ModelLimits } from '../models/openai-client.ts';
import { type AnnouncedWorker, announceWorker } from './announce-worker.ts';
import { workerBuild } from './build.ts';
import { resolveServer } from './connection.ts';
import { faultInterceptor } from './fault-interceptor.ts';
import { fence } from './fence.ts';
import { fencedPorts } from './fenced-ports.ts';
import { type Health, startHealth } from './health.ts';
import { limitPorts } from './limits/limit-ports.ts';
import { liveSandboxes } from './limits/live-sandboxes.ts';
import { workLimits } from './limits/work-limits.ts';
import { modelSettings } from './model-config.ts';
import { modelMark } from './model-mark.ts';
import { lookAfterPool } from './pod-pool.ts';
import { createPorts } from './ports.ts';
import { askedSandbox } from './sandbox-choice.ts';
import { refuseMixed, sandboxMark } from './sandbox-mark.ts';
import { stateDirectory } from './state-dir.ts';
import { taskQueueOf } from './task-queue.ts';
import {
  defaultLookEveryMs,
  openVersions,
  type VersionOptions,
  type Versions,
} from './versions/open-versions.ts';
import { listWorkers, type WorkerProcess } from './worker-processes.ts';

const failedWithinMs = 10_000;
const workerOptions = {
  /** About a megabyte each. */
  maxCachedWorkflows: 200,
  // What waits for its turn waits inside of its activity; a task has one at a time.
  maxConcurrentActivityTaskExecutions: 200,
  // A frozen worker swallows what its open calls are handed, until the server closes its connection: two is the least that the SDK takes.
  maxConcurrentActivityTaskPolls: 2,
  maxConcurrentWorkflowTaskPolls: 2,
  // A workflow cached by a dead worker is waited for this long: at the default of 10 s, people's answers would be.
  stickyQueueScheduleToStartTimeout: '1s',
  maxHeartbeatThrottleInterval: '1s',
  defaultHeartbeatThrottleInterval: '1s',
  shutdownGraceTime: '5s',
} as const satisfies Partial<WorkerOptions>;

export interface WorkerParts {
  /** Around the ports that activities get. */
  readonly around: (ports: Ports) => Ports;
  /** Instead of those that suit a real provider. */
  readonly modelLimits: Partial<ModelLimits>;
  /** Around Longhaul's own: the first sees an activity before anything of it has run, and its end last. */
  readonly interceptors: readonly ActivityInterceptorsFactory[];
  /** How often it looks after the versions of its queue. */
  readonly lookEveryMs: number;
}

/**
 * Serves tasks until it is told to shut down. Throws `server.unavailable`, `config.invalid`, `version.cannot_replay`, `version.unsupported`,
 * and what making the ports throws.
 */
export async function runWorker(options: VersionOptions, parts: Partial<WorkerParts> = {}): Promise<void> {
  const {
    around = (ports) => ports,
    interceptors = [],
    modelLimits = {},
    lookEveryMs = defaultLookEveryMs,
  } = parts;
  // Behind the limits: what has waited for its turn may have been given away meanwhile.
  const own = createPorts(process.env, modelLimits);
  const ports = limitPorts(
    fencedPorts(own, fence),
    workLimits(process.env),
    liveSandboxes(stateDirectory(), askedSandbox(process.env) ?? 'local'),
  );
  const activities = createActivities(around(ports));
  const taskQueue = taskQueueOf();
  const server = await resolveServer();
  const build = await workerBuild();
  const { address, namespace } = server;
  const model = modelMark(modelSettings());
  const health = await startHealth(process.env, () => own.sandbox.probe());
  const pool = lookAfterPool(process.env, ports.limits.sandbox);
  const sandbox = await sandboxMark(process.env);
  const announced = await announceWorker({ address, taskQueue, version: build.buildId, model, sandbox });
  try {
    refuseMixed(sandbox, await othersOf({ address, taskQueue }));
    const connection = await NativeConnection.connect(server.connectionOptions);
    try {
      const client = new Client({ connection, namespace });
      const versions = openVersions(options, build, { client, taskQueue }, announced, {
        address,
        lookEveryMs,
      });
      await versions.prepare();
      const worker = await Worker.create({
        ...workerOptions,
        ...versions.workerOptions,
        interceptors: { activity: [...interceptors, faultInterceptor] },
        connection,
        namespace,
        taskQueue,
        activities,
        workflowBundle: { codePath: build.codePath },
      });
      await serve(worker, versions, announced, health);
    } finally {
      await connection.close();
    }
  } catch (error) {
    await announced.failed(error);
    throw error;
  } finally {
    await pool.stop();
    await health.close();
  }
  await announced.gone();
}

/** The other workers of this home for the same tasks. */
async function othersOf({ address, taskQueue }: Pick<WorkerProcess, 'address' | 'taskQueue'>) {
  const workers = await listWorkers();
  return workers.filter(
    (other) => other.pid !== process.pid && other.taskQueue === taskQueue && other.address === address,
  );
}

async function serve(
  worker: Worker,
  versions: Versions,
  announced: AnnouncedWorker,
  health: Health,
): Promise<void> {
  const running = worker.run();
  try {
    // Whichever comes first: a worker that ends while it takes over must not be waited for.
    await Promise.race([versions.takeOver().then((notes) => announced.ready(notes)), running]);
    health.servesWhile(() => worker.getState() === 'RUNNING');
    const stop = versions.lookAfter(() => worker.shutdown());
    try {
      await running;
    } finally {
      await stop();
    }
  } catch (error) {
    if (worker.getState() === 'RUNNING') worker.shutdown();
    // It has begun nothing that would be worth waiting for.
    await Promise.race([running, delay(failedWithinMs, undefined, { ref: false })]);
    throw error;
  }
}
