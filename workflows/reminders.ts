const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const weekMs = 7 * dayMs;

export interface Reminder {
  /** From 1. */
  readonly number: number;
  readonly atMs: number;
}

/**
 * The first reminder after a moment: an hour after the question was asked, a day after it, then weekly. Null when none is left
 * before the expiry. Milliseconds since the epoch.
 */
export function nextReminder(openedAtMs: number, afterMs: number, expiresAtMs: number): Reminder | null {
  for (let number = 1; ; number++) {
    const atMs = openedAtMs + delayOf(number);
    if (atMs >= expiresAtMs) return null;
    if (atMs > afterMs) return { number, atMs };
  }
}

function delayOf(number: number): number {
  if (number === 1) return hourMs;
  return number === 2 ? dayMs : (number - 2) * weekMs;
}
