import { readdirSync, statSync, utimesSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

const unusedMs = 30 * 24 * 60 * 60 * 1000;

/**
 * Marks what is in use, and removes programs and images of other pins that nobody has used for 30 days: each set is hundreds
 * of megabytes, and a change of pins makes another. `nowMs` is milliseconds since the epoch.
 */
export async function sweepCache(
  cache: string,
  used: readonly string[],
  nowMs = Date.now(),
): Promise<readonly string[]> {
  for (const path of used) utimesSync(path, nowMs / 1000, nowMs / 1000);
  const old = readdirSync(cache)
    .filter((name) => /^(?:images-|program-)?[0-9a-f]{16}$/.test(name))
    .map((name) => join(cache, name))
    .filter((path) => nowMs - statSync(path).mtimeMs > unusedMs);
  for (const path of old) await rm(path, { recursive: true, force: true });
  return old;
}
