import { createGit } from '../forge/git.ts';
import { resolveSource } from '../forge/source.ts';
import { dirtyNote } from '../forge/work-tree.ts';
import type { Environment } from './state-dir.ts';

/** What a repository of this machine holds that is in no commit, in one sentence; null when nothing is, or when it is a URL. Throws what fetching it throws. */
export async function uncommittedNote(
  repository: string,
  env: Environment = process.env,
): Promise<string | null> {
  const git = createGit({ environment: env });
  const source = await resolveSource(git, repository);
  return source.kind === 'path' ? ((await dirtyNote(git, source))?.text ?? null) : null;
}
