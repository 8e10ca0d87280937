import { setTimeout as delay } from 'node:timers/promises';
import { isRunning, type ProcessIdentity } from '../workers/process-lock.mjs';

const pollMs = 5;
/** The kernel first takes back what the process held: seconds, where that is gigabytes on a busy machine. */
const endLimitMs = 60_000;

/**
 * Ends one process as `kill -9` does and waits until it is gone; that very process, also when its number is another's by now. Throws when
 * it is still there after `limitMs`: one that hangs in the kernel ends when that lets go of it.
 */
export async function killNow(identity: ProcessIdentity, limitMs = endLimitMs): Promise<void> {
  const end = Date.now() + limitMs;
  sendTo(identity, 'SIGKILL');
  while (isRunning(identity)) {
    if (Date.now() > end)
      throw new Error(`Process ${identity.pid} did not end within ${limitMs} ms, not even by SIGKILL.`);
    await delay(pollMs);
  }
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
