import { errorCode, LonghaulError } from '../../contracts/error.ts';
import type { Environment } from '../state-dir.ts';
import { type Deployment, routing } from './deployment.ts';

/** `LONGHAUL_WORKER_VERSIONING`: on, unless it says `off`. Throws `config.invalid` for any other word. */
export function versioningEnabled(env: Environment = process.env): boolean {
  const setting = env['LONGHAUL_WORKER_VERSIONING'] ?? '';
  if (setting === '' || setting === 'on') return true;
  if (setting === 'off') return false;
  throw new LonghaulError(
    'config.invalid',
    `LONGHAUL_WORKER_VERSIONING is "${setting}": it takes on and off. Unset it for on.`,
  );
}

/**
 * A worker without a version gets nothing from a queue that has a current version: its tasks would wait for ever.
 * Throws `config.invalid` there, `server.unavailable` where nobody says.
 */
export async function refuseUnversioned(deployment: Deployment): Promise<void> {
  const { currentBuild } = await routing(deployment).catch((error: unknown) => {
    // A server that knows nothing of versions has no current one.
    if (errorCode(error) === 'version.unsupported') return { currentBuild: null };
    throw error;
  });
  if (currentBuild === null) return;
  throw new LonghaulError(
    'config.invalid',
    `LONGHAUL_WORKER_VERSIONING is off, and tasks of the queue ${deployment.taskQueue} go to workers of ${currentBuild} only: this worker would get none. Unset it, or name another queue with LONGHAUL_TASK_QUEUE.`,
  );
}
