import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { runWorker } from './run-worker.ts';

Runtime.install({
  logger: new DefaultLogger('WARN'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
  shutdownSignals: ['SIGINT', 'SIGTERM'],
});
await runWorker();
