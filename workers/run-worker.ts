import { NativeConnection, Worker } from '@temporalio/worker';
import { createActivities } from '../activities/create-activities.ts';
import { workerVersion } from '../workflows/worker-version.ts';
import { workflowBundle } from './bundle.ts';
import { resolveServer } from './connection.ts';
import { faultInterceptor } from './fault-interceptor.ts';
import { createPorts } from './ports.ts';
import { taskQueueOf } from './task-queue.ts';
import { registerWorker } from './worker-processes.ts';

/** About a megabyte each. */
const maxCachedWorkflows = 200;

/** Serves tasks until it is told to shut down. Throws `server.unavailable`, `config.invalid`, and what making the ports throws. */
export async function runWorker(): Promise<void> {
  const ports = createPorts();
  const taskQueue = taskQueueOf();
  const server = await resolveServer();
  const connection = await NativeConnection.connect(server.connectionOptions);
  const worker = await Worker.create({
    connection,
    namespace: server.namespace,
    taskQueue,
    activities: createActivities(ports),
    workflowBundle: await workflowBundle(),
    interceptors: { activity: [faultInterceptor] },
    maxCachedWorkflows,
    maxConcurrentActivityTaskExecutions: 50,
    // A workflow cached by a dead worker is waited for this long: at the default of 10 s, people's answers would be.
    stickyQueueScheduleToStartTimeout: '1s',
    maxHeartbeatThrottleInterval: '1s',
    defaultHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: '5s',
  });
  const running = worker.run();
  const unregister = await registerWorker({ address: server.address, taskQueue, version: workerVersion() });
  try {
    await running;
  } finally {
    await unregister();
    await connection.close();
  }
}
