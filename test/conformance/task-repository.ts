import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CommitIdSchema, TaskIdSchema, TreeIdSchema } from '../../contracts/ids.ts';
import { directoryDigest } from '../helpers/directory-digest.ts';
import { git, gitBytes, gitWith, makeCheckpoint, packOf, writeFiles } from '../helpers/git-fixture.ts';
import { taskRepositoryRefuses } from './task-repository-refusals.ts';
import { type MakeRepositories, setUp, taskId, text } from './task-repository-support.ts';

/** What every repository of a task must do. */
export function taskRepositoryConformance(name: string, make: MakeRepositories): void {
  taskRepositoryRefuses(name, make);

  describe(`${name} imports`, () => {
    it('a checkpoint, and holds it by a ref of its own', async () => {
      const { fetched, tasks, checkpoint } = await setUp(make);
      const commit = await checkpoint(1, fetched.baseCommit, { 'src/new.txt': 'new\n' });
      expect(await tasks.has(taskId, commit)).toBe(true);
      expect(git(fetched.gitDir, 'rev-parse', 'refs/longhaul/1')).toBe(commit);
      git(fetched.gitDir, 'fsck', '--strict', '--connectivity-only');
    });

    it('one on top of another', async () => {
      const { fetched, tasks, checkpoint } = await setUp(make);
      const first = await checkpoint(1, fetched.baseCommit, { a: '1' });
      const second = await checkpoint(2, first, { b: '2' });
      expect((await tasks.list(taskId, second)).map(({ path }) => path)).toEqual([
        'README.md',
        'a',
        'b',
        'src/a.txt',
      ]);
    });

    it('the same twice, and by two at once, as once', async () => {
      const { dir, fetched, tasks } = await setUp(make);
      const { commit, pack } = makeCheckpoint(join(dir, 's'), {
        gitDir: fetched.gitDir,
        parent: fetched.baseCommit,
        files: { a: '1' },
      });
      const input = { taskId, iteration: 1, commit: CommitIdSchema.parse(commit), pack };
      await Promise.all([tasks.importCheckpoint(input), tasks.importCheckpoint(input)]);
      const before = directoryDigest(fetched.gitDir);
      await tasks.importCheckpoint(input);
      expect(directoryDigest(fetched.gitDir)).toEqual(before);
    });

    it('another checkpoint of an iteration that ran again', async () => {
      const { fetched, tasks, checkpoint } = await setUp(make);
      const lost = await checkpoint(1, fetched.baseCommit, { a: 'first try' });
      const { commit, pack } = makeCheckpoint(join(fetched.gitDir, '..', 'again'), {
        gitDir: fetched.gitDir,
        parent: fetched.baseCommit,
        files: { a: 'second try' },
      });
      await tasks.importCheckpoint({ taskId, iteration: 1, commit: CommitIdSchema.parse(commit), pack });
      expect(git(fetched.gitDir, 'rev-parse', 'refs/longhaul/1')).toBe(commit);
      expect(await tasks.has(taskId, lost)).toBe(true);
    });
  });

  describe(`${name} reads`, () => {
    it('the tree of a commit', async () => {
      const { fetched, tasks, checkpoint } = await setUp(make);
      expect(await tasks.treeOf(taskId, fetched.baseCommit)).toBe(fetched.baseTree);
      const commit = await checkpoint(1, fetched.baseCommit, { a: '1' });
      expect(TreeIdSchema.parse(await tasks.treeOf(taskId, commit))).not.toBe(fetched.baseTree);
    });

    it('the list of files with modes and sizes, strange names included', async () => {
      const { fetched, tasks, checkpoint } = await setUp(make, { 'a\nb': '123', 'ünï/x': '' });
      const commit = await checkpoint(1, fetched.baseCommit, { z: 'four' });
      expect(await tasks.list(taskId, commit)).toEqual([
        { path: 'a\nb', mode: '100644', object: expect.any(String), bytes: 3 },
        { path: 'z', mode: '100644', object: expect.any(String), bytes: 4 },
        { path: 'ünï/x', mode: '100644', object: expect.any(String), bytes: 0 },
      ]);
    });

    it('files by path, cut at the limit, without those that are missing or no files', async () => {
      const { fetched, tasks } = await setUp(make, {
        a: 'abcdef',
        'b\nc': 'xy',
        'dir/d': '',
        big: 'x'.repeat(1_000_000),
      });
      const files = await tasks.read(
        taskId,
        fetched.baseCommit,
        ['a', 'b\nc', 'dir', 'dir/d', 'big', 'nothing'],
        4,
      );
      expect([...files].map(([path, bytes]) => [path, text(bytes)])).toEqual([
        ['a', 'abcd'],
        ['b\nc', 'xy'],
        ['big', 'xxxx'],
        ['dir/d', ''],
      ]);
    });

    it('two paths with the same content both', async () => {
      const { fetched, tasks } = await setUp(make, { a: 'same', b: 'same' });
      const files = await tasks.read(taskId, fetched.baseCommit, ['a', 'b'], 100);
      expect([...files.keys()]).toEqual(['a', 'b']);
    });

    it('a file whose name is not UTF-8 by its quoted form', async () => {
      const { dir, fetched, tasks } = await setUp(make);
      const scratch = join(dir, 'scratch');
      const { commit: parent } = makeCheckpoint(scratch, {
        gitDir: fetched.gitDir,
        parent: fetched.baseCommit,
        files: {},
      });
      const blob = gitWith(scratch, { input: 'content' }, 'hash-object', '-w', '--stdin');
      const name = Buffer.concat([Buffer.from(`100644 ${blob}\t`), Buffer.from([0x66, 0xff, 0x00])]);
      gitWith(scratch, { input: name }, 'update-index', '-z', '--index-info');
      const commit = git(scratch, 'commit-tree', '-p', parent, '-m', 'x', git(scratch, 'write-tree'));
      const pack = packOf(scratch, commit, fetched.baseCommit);
      const id = CommitIdSchema.parse(commit);
      await tasks.importCheckpoint({ taskId, iteration: 1, commit: id, pack });
      expect((await tasks.list(taskId, id)).map(({ path }) => path)).toContain('"f\\377"');
      expect(text((await tasks.read(taskId, id, ['"f\\377"'], 100)).get('"f\\377"'))).toBe('content');
    });

    it('what changed between two commits, with lines and renames', async () => {
      const lines = Array.from({ length: 30 }, (_, index) => `line ${index}\n`).join('');
      const { fetched, tasks, checkpoint } = await setUp(make, {
        keep: 'x\n',
        gone: 'x\ny\n',
        moved: lines,
        edit: 'a\nb\n',
      });
      const commit = await checkpoint(1, fetched.baseCommit, {
        gone: null,
        moved: null,
        'to/moved': `${lines}one more\n`,
        edit: 'a\nc\nd\n',
        'bin.dat': Uint8Array.of(0, 1, 2),
      });
      expect(await tasks.changes(taskId, fetched.baseCommit, commit)).toEqual([
        { path: 'bin.dat', status: 'added', fromPath: null, linesAdded: 0, linesRemoved: 0 },
        { path: 'edit', status: 'modified', fromPath: null, linesAdded: 2, linesRemoved: 1 },
        { path: 'gone', status: 'deleted', fromPath: null, linesAdded: 0, linesRemoved: 2 },
        { path: 'to/moved', status: 'renamed', fromPath: 'moved', linesAdded: 1, linesRemoved: 0 },
      ]);
      expect(await tasks.changes(taskId, commit, commit)).toEqual([]);
    });

    it('a patch that makes the one tree out of the other', async () => {
      const { repo, fetched, tasks, checkpoint } = await setUp(make);
      const commit = await checkpoint(1, fetched.baseCommit, {
        'README.md': null,
        'src/a.txt': '1\n2b\n3\n',
        'b.bin': Uint8Array.from({ length: 300 }, (_, index) => index % 256),
        'ünï\nname': 'no line end',
      });
      const patch = await tasks.patch(taskId, fetched.baseCommit, commit);
      gitWith(repo, { input: patch }, 'apply', '--index', '--binary', '-');
      expect(git(repo, 'write-tree')).toBe(await tasks.treeOf(taskId, commit));
    });

    it('objects as they are, whatever attributes and configuration of the tree ask for', async () => {
      const attributes = '*.txt filter=x diff=x eol=crlf text working-tree-encoding=UTF-16\n';
      const { fetched, tasks, checkpoint } = await setUp(make, { '.gitattributes': attributes });
      const commit = await checkpoint(1, fetched.baseCommit, {
        '.gitconfig': '[diff "x"]\n\tcommand = touch /tmp/x\n',
      });
      const patch = text(await tasks.patch(taskId, fetched.baseCommit, commit));
      expect(patch).toContain('+[diff "x"]');
    });

    it('nothing of a commit that it does not have, and says so', async () => {
      const { fetched, tasks } = await setUp(make);
      const absent = CommitIdSchema.parse('1'.repeat(40));
      expect(await tasks.has(taskId, absent)).toBe(false);
      const base = fetched.baseCommit;
      const asked = [
        () => tasks.treeOf(taskId, absent),
        () => tasks.list(taskId, absent),
        () => tasks.read(taskId, absent, ['a'], 10),
        () => tasks.changes(taskId, base, absent),
        () => tasks.patch(taskId, absent, base),
      ];
      for (const ask of asked) {
        await expect(ask()).rejects.toMatchObject({ code: 'repository.changed' });
      }
    });

    it('nothing of a file whose object is gone, and says so', async () => {
      const { dir, fetched, tasks, checkpoint } = await setUp(make);
      const commit = await checkpoint(1, fetched.baseCommit, { a: '1' });
      await tasks.list(taskId, commit);
      rmSync(join(dir, 'state', 'mirrors'), { recursive: true });
      await expect(tasks.read(taskId, commit, ['README.md'], 10)).rejects.toMatchObject({
        code: 'repository.changed',
      });
    });
  });

  describe(`${name} makes a delivery`, () => {
    it('of one commit on the base with the tree of the checkpoint, the same each time', async () => {
      const { fetched, tasks, checkpoint } = await setUp(make);
      const first = await checkpoint(1, fetched.baseCommit, { a: '1' });
      const second = await checkpoint(2, first, { a: '2' });
      const message = 'Tidy up: ünï\n\nWhy: it was asked.\n\nAssisted-by: x\n';
      const input = {
        taskId,
        base: fetched.baseCommit,
        checkpoint: second,
        message,
        timestampMs: 1_700_000_000_999,
      };
      const commit = await tasks.commitDelivery(input);
      expect(await tasks.commitDelivery(input)).toBe(commit);
      expect(await tasks.treeOf(taskId, commit)).toBe(await tasks.treeOf(taskId, second));
      expect(git(fetched.gitDir, 'log', '-1', '--format=%P|%an <%ae>|%cn <%ce>|%at %ct', commit)).toBe(
        `${fetched.baseCommit}|Longhaul <longhaul@localhost>|Longhaul <longhaul@localhost>|1700000000 1700000000`,
      );
      expect(gitBytes(fetched.gitDir, {}, 'log', '-1', '--format=%B', commit).toString()).toBe(
        `${message}\n`,
      );
    });
  });

  describe(`${name} removes`, () => {
    it('a task’s repository, twice as once, and no other one', async () => {
      const { dir, repo, fetched, tasks } = await setUp(make);
      const { forge } = make(join(dir, 'state'));
      const other = TaskIdSchema.parse('t10');
      const kept = await forge.fetch({ taskId: other, repository: repo, ref: null, includeChanges: false });
      writeFiles(`${fetched.gitDir}.0000.making`, { half: 'x' });
      await tasks.remove(taskId);
      await tasks.remove(taskId);
      expect(await tasks.has(taskId, fetched.baseCommit)).toBe(false);
      await expect(tasks.list(taskId, fetched.baseCommit)).rejects.toMatchObject({
        code: 'repository.changed',
      });
      expect(await tasks.has(other, kept.baseCommit)).toBe(true);
      expect(directoryDigest(join(dir, 'state', 'tasks')).some((line) => line.startsWith('t1 '))).toBe(false);
    });
  });
}
