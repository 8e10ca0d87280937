import type { SandboxFacts, WorkspaceRef } from '../contracts/activities.ts';
import type { Digest } from '../contracts/ids.ts';
import type { TaskState } from '../contracts/task-state.ts';

export interface Prepared {
  readonly specDigest: Digest;
  readonly contextDigest: Digest;
  readonly workspace: WorkspaceRef;
  readonly sandbox: SandboxFacts;
}

/** The parts of the state that exist once the task has been perceived. Throws when it has not: that is a bug. */
export function prepared({ specDigest, contextDigest, workspace, sandbox }: TaskState): Prepared {
  if (specDigest === null || contextDigest === null || workspace === null || sandbox === null) {
    throw new Error('an iteration began before the task was perceived');
  }
  return { specDigest, contextDigest, workspace, sandbox };
}
