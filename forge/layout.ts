import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { TaskId } from '../contracts/ids.ts';

/** The first and last word on what a task started from; refs of a task's own repository. */
export const baseRef = 'refs/longhaul/base';

export function checkpointRef(iteration: number): string {
  return `refs/longhaul/${iteration}`;
}

/** A task's own directory. */
function taskDir(stateDir: string, taskId: TaskId): string {
  return join(stateDir, 'tasks', taskId);
}

/** A task's own bare repository: its base and checkpoints. It is there only when it is whole. */
export function taskGitDir(stateDir: string, taskId: TaskId): string {
  return join(taskDir(stateDir, taskId), 'repository.git');
}

/**
 * The bare repository that keeps the objects of one source and lends them to its tasks. Never collected or pruned. One for each object
 * format, since a remote may be made anew with another.
 */
export function mirrorGitDir(stateDir: string, source: string, format: ObjectFormat): string {
  const name = createHash('sha256').update(source).digest('hex').slice(0, 32);
  return join(stateDir, 'mirrors', `${name}.${format}.git`);
}

export type ObjectFormat = 'sha1' | 'sha256';

/** Git names objects by 40 hex digits in one format, by 64 in the other. */
export function formatOf(object: string): ObjectFormat {
  return object.length === 64 ? 'sha256' : 'sha1';
}
