/** Tells once nobody has wanted anything for so long. Work that goes on counts, also when whoever asked for it has gone. */
export interface IdleWatch {
  during<T>(work: () => Promise<T>): Promise<T>;
}

const longestTimerMs = 2 ** 31 - 1;

/** Begins to count at once: a pod that is never told its lease is idle too. */
export function createIdleWatch(limitMs: number, onIdle: () => void): IdleWatch {
  let busy = 0;
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onIdle, Math.min(limitMs, longestTimerMs));
    timer.unref();
  };
  wait();
  return {
    async during(work) {
      busy += 1;
      clearTimeout(timer);
      try {
        return await work();
      } finally {
        busy -= 1;
        if (busy === 0) wait();
      }
    },
  };
}
