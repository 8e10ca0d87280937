import type { Forge } from '../contracts/forge.ts';
import { fetchRepository } from './fetch.ts';
import { createGit, type GitEnvironment } from './git.ts';
import { publishBranch } from './publish.ts';

export interface GitForgeDeps {
  /** Holds `mirrors/` and `tasks/<task>/repository.git`. */
  readonly stateDir: string;
  /** For PATH, HOME, ssh agent and proxies. Without it git gets a default PATH and this user's home directory. */
  readonly environment?: GitEnvironment;
  /** Ends every git that runs, for a worker that stops. */
  readonly signal?: AbortSignal;
}

/** A forge that speaks git to a path or URL, with the person's own git credentials. */
export function createGitForge({ stateDir, environment = {}, signal }: GitForgeDeps): Forge {
  const git = createGit(signal === undefined ? { environment } : { environment, signal });
  return {
    fetch: (input) => fetchRepository(git, stateDir, input),
    publish: (input) => publishBranch(git, stateDir, input),
  };
}
