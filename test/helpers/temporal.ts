import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { inject } from 'vitest';
import './temporal-setup.ts';

/** The address of the run's one Temporal server; only for tests of the `temporal` project. */
export function temporalAddress(): string {
  return inject('temporalAddress');
}

/** A client of the run's server, or of another one; close the connection when the test is over. */
export async function connectClient(
  address = temporalAddress(),
): Promise<{ readonly client: Client; close(): Promise<void> }> {
  const connection = await Connection.connect({ address });
  return { client: new Client({ connection }), close: () => connection.close() };
}

export interface TestWorker {
  readonly taskQueue: string;
  /** Lets running activities end, then closes the worker and its connection. */
  stop(): Promise<void>;
}

let queues = 0;
let runtimeInstalled = false;

/** A worker with the real workflow bundle on a task queue of its own, so that test files cannot meet. */
export async function startTestWorker(
  options: Pick<WorkerOptions, 'activities'> & Partial<WorkerOptions>,
  address = temporalAddress(),
): Promise<TestWorker> {
  if (!runtimeInstalled) {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    runtimeInstalled = true;
  }
  const connection = await NativeConnection.connect({ address });
  const taskQueue = options.taskQueue ?? `test-${process.pid}-${++queues}`;
  const worker = await Worker.create({
    workflowBundle: { codePath: inject('workflowBundlePath') },
    stickyQueueScheduleToStartTimeout: '1s',
    shutdownGraceTime: '2s',
    ...options,
    connection,
    taskQueue,
  });
  const running = worker.run();
  return {
    taskQueue,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
