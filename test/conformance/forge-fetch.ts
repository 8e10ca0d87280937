import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { directoryDigest } from '../helpers/directory-digest.ts';
import { commitAll, git, makeRepository, writeFiles } from '../helpers/git-fixture.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

import { fetchOf, filesOf, kinds, type MakeForge, places, task } from './forge-support.ts';

/** What every forge must fetch. */
export function forgeFetches(name: string, makeForge: MakeForge): void {
  describe(`${name} fetches`, () => {
    it('the commit that HEAD stands on, with its branch, and all objects of it', async () => {
      const { repo, state } = await places();
      const head = makeRepository(repo);
      const fetched = await makeForge(state).fetch(fetchOf(repo));
      expect(fetched).toMatchObject({ baseCommit: head, baseBranch: 'main', notes: [] });
      expect(fetched.baseTree).toBe(git(repo, 'rev-parse', 'HEAD^{tree}'));
      git(fetched.gitDir, 'fsck', '--connectivity-only', fetched.baseCommit);
    });

    it('nothing of other branches, stashes and commits that were dropped', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      writeFiles(repo, { other: 'another branch\n' });
      git(repo, 'checkout', '--quiet', '-b', 'other');
      const branch = commitAll(repo);
      git(repo, 'checkout', '--quiet', 'main');
      writeFiles(repo, { 'README.md': 'a secret\n' });
      git(repo, 'stash');
      const stash = git(repo, 'rev-parse', 'stash');
      const dropped = commitAll(repo);
      git(repo, 'reset', '--quiet', '--hard', 'HEAD~1');
      git(repo, 'repack', '-a', '-d', '-k', '--quiet');
      const fetched = await makeForge(state).fetch(fetchOf(repo));
      for (const object of [branch, stash, dropped]) {
        expect(() => git(fetched.gitDir, 'cat-file', '-e', object)).toThrow('cat-file');
      }
    });

    it('without leaving a trace in the repository', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      writeFiles(repo, { 'README.md': 'changed\n', 'new.txt': 'new\n' });
      const before = directoryDigest(repo);
      await makeForge(state).fetch(fetchOf(repo));
      await makeForge(state).fetch(fetchOf(repo, { taskId: task('t2'), includeChanges: true }));
      expect(directoryDigest(repo)).toEqual(before);
    });

    it('the same base again though the repository has moved on, and though it is gone', async () => {
      const { repo, state } = await places();
      const head = makeRepository(repo);
      const first = await makeForge(state).fetch(fetchOf(repo));
      writeFiles(repo, { more: 'x' });
      commitAll(repo);
      expect(await makeForge(state).fetch(fetchOf(repo))).toEqual(first);
      rmSync(repo, { recursive: true });
      expect(await makeForge(state).fetch(fetchOf(repo))).toEqual(first);
      git(first.gitDir, 'fsck', '--connectivity-only', head);
    });

    it('two tasks from one repository at once', async () => {
      const { repo, state } = await places();
      const head = makeRepository(repo);
      const tasks = ['t1', 't2', 't3', 't4'].map((id) =>
        makeForge(state).fetch(fetchOf(repo, { taskId: task(id) })),
      );
      const fetched = await Promise.all(tasks);
      expect(fetched.map(({ baseCommit }) => baseCommit)).toEqual([head, head, head, head]);
      expect(new Set(fetched.map(({ gitDir }) => gitDir)).size).toBe(4);
    });

    it('one task twice at once, with one answer', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      writeFiles(repo, { new: 'x' });
      const asked = [1, 2, 3].map(() => makeForge(state).fetch(fetchOf(repo, { includeChanges: true })));
      const [first, ...others] = await Promise.all(asked);
      expect(others).toEqual([first, first]);
    });

    it.each([
      ['a branch', 'side', 'side'],
      ['a tag', 'v1', null],
      ['an annotated tag', 'v2', null],
    ])('%s by its name', async (_, ref, branch) => {
      const { repo, state } = await places();
      const tagged = makeRepository(repo);
      git(repo, 'branch', 'side');
      git(repo, 'tag', 'v1');
      git(repo, 'tag', '-a', '-m', 'two', 'v2');
      writeFiles(repo, { more: 'x' });
      commitAll(repo);
      for (const repository of [repo, pathToFileURL(repo).href]) {
        const taskId = task(repository === repo ? 'path' : 'url');
        const fetched = await makeForge(state).fetch(fetchOf(repository, { ref, taskId }));
        expect(fetched).toMatchObject({ baseCommit: tagged, baseBranch: branch });
      }
    });

    it('a commit by its name, full or short, or by what git calls it', async () => {
      const { repo, state } = await places();
      const old = makeRepository(repo);
      writeFiles(repo, { more: 'x' });
      commitAll(repo);
      for (const [index, ref] of [old, old.slice(0, 10), 'HEAD~1', 'main~1'].entries()) {
        const fetched = await makeForge(state).fetch(fetchOf(repo, { ref, taskId: task(`c${index}`) }));
        expect(fetched).toMatchObject({ baseCommit: old, baseBranch: null });
      }
    });

    it('a branch before a tag of the same name', async () => {
      const { repo, state } = await places();
      const first = makeRepository(repo);
      git(repo, 'tag', 'same');
      writeFiles(repo, { more: 'x' });
      const second = commitAll(repo);
      git(repo, 'branch', 'same');
      const fetched = await makeForge(state).fetch(fetchOf(repo, { ref: 'same' }));
      expect(fetched.baseCommit).toBe(second);
      expect(second).not.toBe(first);
    });

    it('a detached HEAD as no branch', async () => {
      const { repo, state } = await places();
      const head = makeRepository(repo);
      git(repo, 'checkout', '--quiet', '--detach');
      expect(await makeForge(state).fetch(fetchOf(repo))).toMatchObject({
        baseCommit: head,
        baseBranch: null,
      });
    });

    it('the whole repository for one who stands in a subdirectory', async () => {
      const { repo, state } = await places();
      makeRepository(repo, { 'a/b/file': 'x', top: 'y' });
      const fetched = await makeForge(state).fetch(fetchOf(join(repo, 'a/b')));
      expect(filesOf(fetched)).toEqual(['a/b/file', 'top']);
    });

    it('a bare repository', async () => {
      const { repo, state } = await places();
      const head = makeRepository(repo);
      git(repo, 'clone', '--quiet', '--bare', repo, `${repo}.git`);
      const fetched = await makeForge(state).fetch(fetchOf(`${repo}.git`));
      expect(fetched).toMatchObject({ baseCommit: head, baseBranch: 'main', notes: [] });
    });

    it('the HEAD of a linked work tree, not that of the main one', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      git(repo, 'worktree', 'add', '--quiet', '-b', 'side', `${repo}-linked`);
      writeFiles(`${repo}-linked`, { more: 'x' });
      const head = commitAll(`${repo}-linked`);
      const fetched = await makeForge(state).fetch(fetchOf(`${repo}-linked`));
      expect(fetched).toMatchObject({ baseCommit: head, baseBranch: 'side' });
    });

    it('a shallow clone, and says so', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      writeFiles(repo, { more: 'x' });
      const head = commitAll(repo);
      git(repo, 'clone', '--quiet', '--depth=1', pathToFileURL(repo).href, `${repo}-shallow`);
      const tasks = ['t1', 't2', 't3'].map((id) =>
        makeForge(state).fetch(fetchOf(`${repo}-shallow`, { taskId: task(id) })),
      );
      for (const fetched of await Promise.all(tasks)) {
        expect(fetched.baseCommit).toBe(head);
        expect(kinds(fetched)).toEqual(['shallow']);
        expect(git(fetched.gitDir, 'log', '--format=%H', head)).toBe(head);
      }
    });

    it('a repository of SHA-256 objects', async () => {
      const { repo, state } = await places();
      mkdirSync(repo);
      git(repo, 'init', '--quiet', '--object-format=sha256', '--initial-branch=main');
      writeFiles(repo, { a: 'x' });
      const head = commitAll(repo);
      expect(head).toHaveLength(64);
      expect((await makeForge(state).fetch(fetchOf(repo))).baseCommit).toBe(head);
    });

    it('a repository whose path and state directory have strange names', async () => {
      const dir = await temporaryDirectory();
      const repo = join(dir, 'a "b": c\n-d');
      makeRepository(repo);
      writeFiles(repo, { new: 'x' });
      const fetched = await makeForge(join(dir, 'st "a": te')).fetch(fetchOf(repo, { includeChanges: true }));
      expect(filesOf(fetched)).toEqual(['README.md', 'new']);
    });
  });
}
