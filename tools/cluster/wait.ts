import { setTimeout as delay } from 'node:timers/promises';
import type { Report } from '../../workers/embedded-server/progress.ts';
import { ClusterProblem } from './problem.ts';

const betweenMs = 50;

/**
 * Waits until `probe` says true; each time before it asks, `check` may throw what makes waiting pointless.
 * Throws a `ClusterProblem` that names what was waited for once the time is over.
 */
export async function waitFor(
  what: string,
  timeoutMs: number,
  probe: () => boolean | Promise<boolean>,
  check: () => void = () => {},
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    check();
    if (await probe()) return;
    if (Date.now() > deadline) {
      throw new ClusterProblem(`Waited ${Math.round(timeoutMs / 1000)} s for ${what}, in vain.`);
    }
    await delay(betweenMs);
  }
}

/** For a lock, which tells ten times a second who holds it: says it once, and gives up when `signal` says so. */
export function waiting(report: Report, line: string, signal: AbortSignal): (pid: number) => void {
  let said = false;
  return (pid) => {
    signal.throwIfAborted();
    if (!said) report(`${line} (process ${pid})`);
    said = true;
  };
}
