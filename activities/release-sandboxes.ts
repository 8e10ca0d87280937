import type { TaskActivities } from '../contracts/activities.ts';
import type { Ports } from './ports.ts';
import { withPulse } from './pulse.ts';

/** Ends every sandbox of a task. Twice is fine. */
export function createReleaseSandboxes({
  sandbox,
}: Pick<Ports, 'sandbox'>): TaskActivities['releaseSandboxes'] {
  return ({ taskId }) =>
    withPulse('giving the sandbox back', async () => {
      const leases = await sandbox.leases();
      for (const lease of leases) if (lease.taskId === taskId) await sandbox.release(lease.leaseId);
    });
}
