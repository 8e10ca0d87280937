/** A pod of the pool that no worker has asked for so long waits for none. */
export const untoldLimitMs = 10 * 60_000;

/** Ends what nobody has spoken to for the limit, until it is told its lease. */
export function endUnlessTold(limitMs: number, end: () => void): { heard(): void; told(): void } {
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(end, limitMs);
  };
  start();
  let isTold = false;
  return {
    heard() {
      clearTimeout(timer);
      if (!isTold) start();
    },
    told() {
      isTold = true;
      clearTimeout(timer);
    },
  };
}
