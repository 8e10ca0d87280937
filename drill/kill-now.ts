import { isRunning, type ProcessIdentity } from '../workers/process-lock.mjs';

const pollMs = 5;

/** Ends one process as `kill -9` does and waits until it is gone; that very process, also when its number is another's by now. */
export async function killNow(identity: ProcessIdentity): Promise<void> {
  sendTo(identity, 'SIGKILL');
  while (isRunning(identity)) await new Promise((resolve) => setTimeout(resolve, pollMs));
}

export function sendTo(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    // It ended between the look and the signal.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
