import { existsSync } from 'node:fs';
import { stopEmbeddedServer } from '../workers/embedded-server/stop.ts';
import { localSandbox } from '../workers/local-ports.ts';
import { listWorkers, stopWorker } from '../workers/worker-processes.ts';

const graceMs = 0;

/** Ends every process of a copy's home, by the numbers that they wrote down. Files stay. Twice is fine. */
export async function endMachine(home: string): Promise<void> {
  if (!existsSync(home)) return;
  for (const { pid } of await listWorkers(home)) {
    // A frozen one hears SIGKILL alone.
    await stopWorker(pid, { home, graceMs });
  }
  const sandbox = localSandbox({ LONGHAUL_HOME: home });
  for (const { leaseId } of await sandbox.leases()) await sandbox.release(leaseId);
  await stopEmbeddedServer(home);
}
