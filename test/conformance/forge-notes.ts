import { rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commitAll, git, gitWith, makeRepository, writeFiles } from '../helpers/git-fixture.ts';

import { fetchOf, filesOf, kinds, type MakeForge, places, task, textOf } from './forge-support.ts';

/** What every forge must say of a repository, and take of its uncommitted changes. */
export function forgeWarns(name: string, makeForge: MakeForge): void {
  describe(`${name} says before the start`, () => {
    it('that uncommitted changes are no part of the task', async () => {
      const { repo, state } = await places();
      makeRepository(repo, { a: '1', b: '1' });
      writeFiles(repo, { a: '2', c: 'untracked' });
      git(repo, 'rm', '--quiet', 'b');
      const fetched = await makeForge(state).fetch(fetchOf(repo));
      expect(textOf(fetched, 'dirty')).toMatch(/^3 files .*--include-changes.*: .*a.*b.*c/);
      expect(filesOf(fetched)).toEqual(['a', 'b']);
    });

    it('which submodules are left empty', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      makeRepository(`${repo}-sub`);
      git(repo, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', `${repo}-sub`, 'lib/sub');
      commitAll(repo);
      const fetched = await makeForge(state).fetch(fetchOf(repo));
      expect(textOf(fetched, 'submodules')).toContain('lib/sub');
      expect(kinds(fetched)).toEqual(['submodules']);
    });

    it('how many LFS files are pointers', async () => {
      const { repo, state } = await places();
      const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`;
      makeRepository(repo, {
        '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
        'a.bin': pointer,
        'b.bin': pointer,
        'doc.md': 'x'.repeat(200),
      });
      const fetched = await makeForge(state).fetch(fetchOf(repo));
      expect(textOf(fetched, 'lfs_pointers')).toMatch(/^2 files.*a\.bin/);
    });

    it('which names are strange, without breaking the line', async () => {
      const { repo, state } = await places();
      makeRepository(repo, { 'new\nline': 'x', 'ok ünï': 'x' });
      const blob = git(repo, 'rev-parse', 'HEAD:ok ünï');
      gitWith(
        repo,
        { input: Buffer.concat([Buffer.from(`100644 ${blob}\t`), Buffer.from([0x66, 0xff, 0])]) },
        'update-index',
        '-z',
        '--index-info',
      );
      git(repo, 'commit', '--quiet', '-m', 'bad name');
      writeFileSync(Buffer.concat([Buffer.from(`${repo}/f`), Buffer.from([0xff])]), 'x');
      const fetched = await makeForge(state).fetch(fetchOf(repo));
      const text = textOf(fetched, 'unusual_names');
      expect(text).toMatch(/^2 file names/);
      expect(text).toContain('"f\\377"');
      expect(text).toContain('"new\\nline"');
      expect(text).not.toContain('\n');
    });

    it('which symbolic links leave the tree', async () => {
      const { repo, state } = await places();
      makeRepository(repo, { 'a/file': 'x' });
      symlinkSync('/etc/passwd', join(repo, 'absolute'));
      symlinkSync('../../outside', join(repo, 'a/up'));
      symlinkSync('../top', join(repo, 'a/inside'));
      commitAll(repo);
      const text = textOf(await makeForge(state).fetch(fetchOf(repo)), 'outward_symlinks');
      expect(text).toMatch(/^2 symbolic links/);
      expect(text).toContain('absolute');
      expect(text).toContain('a/up');
    });

    it('that a file is very large, and takes it', async () => {
      const { repo, state } = await places();
      makeRepository(repo, { small: 'x' });
      const large = Buffer.alloc(60 * 1024 * 1024);
      writeFiles(repo, { 'large.bin': large });
      commitAll(repo);
      const fetched = await makeForge(state).fetch(fetchOf(repo));
      expect(textOf(fetched, 'large_files')).toContain('large.bin (60 MiB)');
      expect(git(fetched.gitDir, 'cat-file', '-s', `${fetched.baseCommit}:large.bin`)).toBe(
        String(large.length),
      );
    });
  });

  describe(`${name} includes uncommitted changes`, () => {
    it('those staged, not staged, untracked and deleted, but no ignored file', async () => {
      const { repo, state } = await places();
      const head = makeRepository(repo, { '.gitignore': 'ignored\n', a: '1', b: '1', 'deleted.txt': '1' });
      writeFiles(repo, { a: 'staged' });
      git(repo, 'add', 'a');
      writeFiles(repo, { b: 'unstaged', 'dir/new': 'untracked', ignored: 'secret' });
      unlinkSync(join(repo, 'deleted.txt'));
      const fetched = await makeForge(state).fetch(fetchOf(repo, { includeChanges: true }));
      expect(filesOf(fetched)).toEqual(['.gitignore', 'a', 'b', 'dir/new']);
      expect(git(fetched.gitDir, 'show', `${fetched.baseCommit}:a`)).toBe('staged');
      expect(git(fetched.gitDir, 'show', `${fetched.baseCommit}:b`)).toBe('unstaged');
      expect(git(fetched.gitDir, 'rev-parse', `${fetched.baseCommit}^`)).toBe(head);
      expect(fetched.baseBranch).toBe('main');
      expect(textOf(fetched, 'included_changes')).toMatch(/^4 files are taken/);
      expect(kinds(fetched)).not.toContain('dirty');
    });

    it('with nothing left in the repository that they came from, so that nobody can collect it', async () => {
      const { repo, state } = await places();
      makeRepository(repo, { a: '1' });
      writeFiles(repo, { a: 'staged and then committed nowhere' });
      git(repo, 'add', 'a');
      const fetched = await makeForge(state).fetch(fetchOf(repo, { includeChanges: true }));
      rmSync(repo, { recursive: true });
      expect(git(fetched.gitDir, 'show', `${fetched.baseCommit}:a`)).toBe(
        'staged and then committed nowhere',
      );
      git(fetched.gitDir, 'fsck', '--connectivity-only', fetched.baseCommit);
    });

    it('as the same commit for the same files', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      writeFiles(repo, { new: 'x' });
      const forge = makeForge(state);
      const first = await forge.fetch(fetchOf(repo, { includeChanges: true }));
      const second = await forge.fetch(fetchOf(repo, { includeChanges: true, taskId: task('t2') }));
      expect(second.baseCommit).toBe(first.baseCommit);
    });

    it('as the plain HEAD when there are none', async () => {
      const { repo, state } = await places();
      const head = makeRepository(repo);
      const fetched = await makeForge(state).fetch(fetchOf(repo, { includeChanges: true, ref: 'main' }));
      expect(fetched).toMatchObject({ baseCommit: head, notes: [] });
    });

    it('and leaves out a repository inside of the work tree', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      makeRepository(join(repo, 'nested'));
      writeFiles(repo, { new: 'x' });
      const fetched = await makeForge(state).fetch(fetchOf(repo, { includeChanges: true }));
      expect(filesOf(fetched)).toEqual(['README.md', 'new']);
    });

    it('and not what a sparse checkout has left out on disk', async () => {
      const { repo, state } = await places();
      makeRepository(repo, { 'in/a': '1', 'out/b': '1' });
      git(repo, 'sparse-checkout', 'set', 'in');
      writeFiles(repo, { 'in/a': '2' });
      const fetched = await makeForge(state).fetch(fetchOf(repo, { includeChanges: true }));
      expect(filesOf(fetched)).toEqual(['in/a', 'out/b']);
      expect(git(fetched.gitDir, 'show', `${fetched.baseCommit}:in/a`)).toBe('2');
    });

    it('only on top of the commit that the work tree stands on', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      git(repo, 'branch', 'old');
      writeFiles(repo, { more: 'x' });
      commitAll(repo);
      const asked = makeForge(state).fetch(fetchOf(repo, { includeChanges: true, ref: 'old' }));
      await expect(asked).rejects.toMatchObject({ code: 'usage.invalid' });
    });

    it('only where there is a work tree', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      git(repo, 'clone', '--quiet', '--bare', repo, `${repo}.git`);
      const asked = makeForge(state).fetch(fetchOf(`${repo}.git`, { includeChanges: true }));
      await expect(asked).rejects.toMatchObject({ code: 'usage.invalid' });
    });
  });
}
