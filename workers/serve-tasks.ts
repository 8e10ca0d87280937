import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { runWorker, type WorkerParts } from './run-worker.ts';
import type { VersionOptions } from './versions/open-versions.ts';

/** Makes this process a worker, until SIGINT or SIGTERM. Throws what `runWorker` throws. */
export async function serveTasks(options: VersionOptions, parts: Partial<WorkerParts> = {}): Promise<void> {
  Runtime.install({
    logger: new DefaultLogger('WARN'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
    shutdownSignals: ['SIGINT', 'SIGTERM'],
  });
  await runWorker(options, parts);
}
