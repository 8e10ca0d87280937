import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { taskQueuePrefix } from '../contracts/words/messages.ts';
import { type Environment, stateDirectory } from './state-dir.ts';

/**
 * The queue that the tasks of a home wait in: `LONGHAUL_TASK_QUEUE`, else `longhaul-` and 12 hex digits that stand for this machine and this
 * home. Artifacts, task repositories and leases lie in the home, so no worker of another one could do this work.
 * Throws what `stateDirectory` throws.
 */
export function taskQueueOf(env: Environment = process.env, machine = machineId()): string {
  const given = env['LONGHAUL_TASK_QUEUE'];
  if (given !== undefined && given !== '') return given;
  const home = realPath(stateDirectory(env));
  const digest = createHash('sha256')
    .update(JSON.stringify([machine, home]))
    .digest('hex');
  return `${taskQueuePrefix}-${digest.slice(0, 12)}`;
}

/** machine-id(5): 32 hex digits once the system is set up; images and containers may hold none, or the word "uninitialized". */
function machineId(): string {
  try {
    const id = readFileSync('/etc/machine-id', 'utf8').trim();
    if (/^[0-9a-f]{32}$/.test(id)) return id;
  } catch {
    // Not every system has one.
  }
  return hostname();
}

/** A home that is reached by another spelling, or that is not made yet, is the same home. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}
