import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CommitIdSchema } from '../../contracts/ids.ts';
import { directoryDigest } from '../helpers/directory-digest.ts';
import { git, gitBytes, gitWith, makeCheckpoint, packOf } from '../helpers/git-fixture.ts';

import { type MakeRepositories, type Setting, setUp, taskId } from './task-repository-support.ts';

/** What every repository of a task must refuse from a sandbox. */
export function taskRepositoryRefuses(name: string, make: MakeRepositories): void {
  describe(`${name} refuses a pack, and keeps nothing of it,`, () => {
    const refused = async ({ fetched, tasks }: Setting, commit: string, pack: Uint8Array) => {
      const before = directoryDigest(fetched.gitDir, (path) => path === 'objects/pack').filter(
        (line) => !line.startsWith('objects '),
      );
      const input = { taskId, iteration: 1, commit: CommitIdSchema.parse(commit), pack };
      await expect(tasks.importCheckpoint(input)).rejects.toMatchObject({
        code: 'checkpoint.invalid',
        retryable: false,
      });
      const after = directoryDigest(fetched.gitDir, (path) => path === 'objects/pack').filter(
        (line) => !line.startsWith('objects '),
      );
      expect(after).toEqual(before);
      expect(await tasks.has(taskId, CommitIdSchema.parse(commit))).toBe(false);
    };
    const made = (setting: Setting, files: Readonly<Record<string, string>> = { a: '1' }) => {
      const scratch = join(setting.dir, 'scratch');
      const parent = setting.fetched.baseCommit;
      return {
        scratch,
        parent,
        ...makeCheckpoint(scratch, { gitDir: setting.fetched.gitDir, parent, files }),
      };
    };
    const treeWith = (scratch: string, entry: Uint8Array): string => {
      writeFileSync(join(scratch, 'tree'), entry);
      return gitWith(scratch, {}, 'hash-object', '--literally', '-w', '-t', 'tree', 'tree');
    };
    const entry = (mode: string, file: string, object: string): Buffer =>
      Buffer.concat([Buffer.from(`${mode} ${file}\0`), Buffer.from(object, 'hex')]);

    it('that is no pack', async () => {
      const setting = await setUp(make);
      await refused(setting, made(setting).commit, Buffer.from('not a pack'));
      await refused(setting, made(setting).commit, new Uint8Array());
    });

    it('with a byte changed, and one that is cut', async () => {
      const setting = await setUp(make);
      const { commit, pack } = made(setting);
      const changed = Buffer.from(pack);
      changed[changed.length - 30] = (changed[changed.length - 30] ?? 0) ^ 0xff;
      await refused(setting, commit, changed);
      await refused(setting, commit, pack.subarray(0, pack.length - 10));
    });

    it('that does not hold the commit it is said to hold', async () => {
      const setting = await setUp(make);
      await refused(setting, '1'.repeat(40), made(setting).pack);
    });

    it('for a name that is a tree', async () => {
      const setting = await setUp(make);
      const { tree, pack } = made(setting);
      await refused(setting, tree, pack);
    });

    it('that lacks an object of the commit', async () => {
      const setting = await setUp(make);
      const { scratch, commit } = made(setting);
      const only = gitBytes(scratch, { input: `${commit}\n` }, 'pack-objects', '--stdout', '--quiet');
      await refused(setting, commit, only);
    });

    it('whose history does not go back to the base', async () => {
      const setting = await setUp(make);
      const { scratch, tree } = made(setting);
      const orphan = git(scratch, 'commit-tree', '-m', 'orphan', tree);
      await refused(setting, orphan, packOf(scratch, orphan, setting.fetched.baseCommit));
    });

    it.each(['.git', '.GIT', '.git ', 'git~1', '.gi\u200ct', '..', '.'])(
      'with %j in a tree',
      async (file) => {
        const setting = await setUp(make);
        const { scratch, parent } = made(setting);
        const blob = gitWith(scratch, { input: 'evil' }, 'hash-object', '-w', '--stdin');
        const tree = treeWith(scratch, entry('100644', file, blob));
        const commit = git(scratch, 'commit-tree', '-p', parent, '-m', 'evil', tree);
        await refused(setting, commit, packOf(scratch, commit, parent));
      },
    );

    it('with one name twice in a tree, and with a path as a name', async () => {
      const setting = await setUp(make);
      const { scratch, parent } = made(setting);
      const blob = gitWith(scratch, { input: 'evil' }, 'hash-object', '-w', '--stdin');
      const trees = [
        Buffer.concat([entry('100644', 'x', blob), entry('100644', 'x', blob)]),
        entry('100644', 'a/b', blob),
      ];
      for (const bytes of trees) {
        const commit = git(scratch, 'commit-tree', '-p', parent, '-m', 'evil', treeWith(scratch, bytes));
        await refused(setting, commit, packOf(scratch, commit, parent));
      }
    });

    it('with a .gitmodules that would run a command or is a symbolic link', async () => {
      const setting = await setUp(make);
      const { scratch, parent } = made(setting);
      const url = '[submodule "x"]\n\tpath = x\n\turl = -u./payload\n';
      const blob = gitWith(scratch, { input: url }, 'hash-object', '-w', '--stdin');
      for (const mode of ['100644', '120000']) {
        const tree = treeWith(scratch, entry(mode, '.gitmodules', blob));
        const commit = git(scratch, 'commit-tree', '-p', parent, '-m', 'evil', tree);
        await refused(setting, commit, packOf(scratch, commit, parent));
      }
    });
  });
}
