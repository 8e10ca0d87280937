import type { Clock } from '../platform.ts';

/** The time of this machine. Nothing that waits keeps the process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  every(ms, listener) {
    const timer = setInterval(listener, ms).unref();
    return () => clearInterval(timer);
  },
  after: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
    }),
};
