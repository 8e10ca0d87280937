import { onTestFinished } from 'vitest';

/** Errors that would have ended the process, from now to the end of the test. */
export function uncaught(): readonly unknown[] {
  const found: unknown[] = [];
  const keep = (error: unknown): void => void found.push(error);
  process.on('uncaughtExceptionMonitor', keep);
  process.on('unhandledRejection', keep);
  onTestFinished(() => {
    process.off('uncaughtExceptionMonitor', keep);
    process.off('unhandledRejection', keep);
  });
  return found;
}
