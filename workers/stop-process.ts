import { isRunning, type ProcessIdentity } from './process-lock.mjs';

/**
 * Ends one recorded process: SIGTERM, and SIGKILL once `graceMs` are over; returns when it is gone.
 * Gives false, and signals nobody, when that process has ended already, also when its pid is another's now.
 */
export async function stopProcess(identity: ProcessIdentity, graceMs: number): Promise<boolean> {
  if (!isRunning(identity)) return false;
  signal(identity, 'SIGTERM');
  const killAt = Date.now() + graceMs;
  let killed = false;
  while (isRunning(identity)) {
    if (!killed && Date.now() >= killAt) {
      killed = true;
      signal(identity, 'SIGKILL');
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    // It ended between the look and the signal.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
