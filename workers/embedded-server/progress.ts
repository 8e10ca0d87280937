/** Takes one line for the person who waits; it never holds a secret. */
export type Report = (line: string) => void;

/** Seconds since a moment of `Date.now()`, as people read them: `9 s`, `2 min 05 s`. */
export function elapsed(sinceMs: number): string {
  const seconds = Math.round((Date.now() - sinceMs) / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** Runs `work` and reports `describe()` with the time taken every two seconds, so that silence is never mistaken for a hang. */
export async function withProgress<T>(
  report: Report,
  describe: () => string,
  work: () => Promise<T>,
): Promise<T> {
  const since = Date.now();
  const timer = setInterval(() => report(`${describe()} (${elapsed(since)})`), 2_000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
