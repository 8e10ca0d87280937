import { join } from 'node:path';
import type { FetchedRepository, Forge } from '../../contracts/forge.ts';
import { type CommitId, CommitIdSchema, TaskIdSchema } from '../../contracts/ids.ts';
import type { TaskRepository } from '../../contracts/task-repository.ts';
import { makeCheckpoint, makeRepository } from '../helpers/git-fixture.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

export type MakeRepositories = (stateDir: string) => {
  readonly forge: Forge;
  readonly tasks: TaskRepository;
};

export const taskId = TaskIdSchema.parse('t1');
export const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('utf8');

export interface Setting {
  readonly dir: string;
  readonly repo: string;
  readonly fetched: FetchedRepository;
  readonly tasks: TaskRepository;
  /** Makes a checkpoint outside and imports it. */
  readonly checkpoint: (
    iteration: number,
    parent: CommitId,
    files: Readonly<Record<string, string | Uint8Array | null>>,
  ) => Promise<CommitId>;
}

export async function setUp(
  make: MakeRepositories,
  files: Readonly<Record<string, string | Uint8Array>> = {
    'README.md': '# Sample\n',
    'src/a.txt': '1\n2\n3\n',
  },
): Promise<Setting> {
  const dir = await temporaryDirectory();
  const repo = join(dir, 'repo');
  makeRepository(repo, files);
  const { forge, tasks } = make(join(dir, 'state'));
  const fetched = await forge.fetch({ taskId, repository: repo, ref: null, includeChanges: false });
  return {
    dir,
    repo,
    fetched,
    tasks,
    checkpoint: async (iteration, parent, changed) => {
      const made = makeCheckpoint(join(dir, `scratch-${iteration}`), {
        gitDir: fetched.gitDir,
        parent,
        files: changed,
      });
      const commit = CommitIdSchema.parse(made.commit);
      await tasks.importCheckpoint({ taskId, iteration, commit, pack: made.pack });
      return commit;
    },
  };
}
