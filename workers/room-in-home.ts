import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LonghaulError } from '../contracts/error.ts';
import type { ErrorCode } from '../contracts/words/errors.ts';
import { configuredServer } from './connection.ts';
import { diskError, type Environment, ensurePrivateDirectory, stateDirectory } from './state-dir.ts';

/** With less than this neither the server nor a task comes anywhere. */
const leastBytes = 1024 * 1024;
const oddlyTold: ReadonlySet<ErrorCode> = new Set(['server.unavailable', 'worker.missing']);

/**
 * Tries whether the state directory takes as much as every task needs. By writing: free space is not all that counts, quotas do too.
 * Throws `disk.full`, `disk.no_permission`.
 */
export async function requireRoom(home = stateDirectory()): Promise<void> {
  const file = join(ensurePrivateDirectory(home), `room.${process.pid}.tmp`);
  try {
    // Of what no file system can compress.
    await writeFile(file, randomBytes(leastBytes), { mode: 0o600 });
  } catch (error) {
    throw diskError(error, `write in ${home}`);
  } finally {
    await rm(file, { force: true });
  }
}

/** An embedded server on a full disk says only that it does not answer: gives `disk.full` for that, and any other error as it is. */
export async function fullDiskBehind(error: unknown, env: Environment = process.env): Promise<unknown> {
  if (!(error instanceof LonghaulError) || !oddlyTold.has(error.code)) return error;
  if (configuredServer(env) !== undefined) return error;
  return requireRoom(stateDirectory(env)).then(
    () => error,
    (found: unknown) => (found instanceof LonghaulError && found.code === 'disk.full' ? found : error),
  );
}
