import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CommitIdSchema } from '../../contracts/ids.ts';
import { directoryDigest } from '../helpers/directory-digest.ts';
import { commitAll, git, makeRepository, writeFiles } from '../helpers/git-fixture.ts';

import { deliver, fetchOf, type MakeForge, places, publishOf } from './forge-support.ts';

/** What every forge must publish. */
export function forgePublishes(name: string, makeForge: MakeForge): void {
  describe(`${name} publishes`, () => {
    it('a branch, and touches no work tree, index, config, hook or current branch', async () => {
      const { repo, state, scratch } = await places();
      makeRepository(repo);
      writeFiles(repo, { 'README.md': 'being edited\n', '.git/hooks/pre-receive': '#!/bin/sh\nexit 1\n' });
      chmodSync(join(repo, '.git/hooks/pre-receive'), 0o755);
      const skip = (path: string) => /^\.git(?:$|\/(?:objects|refs|logs)(?:$|\/))/.test(path);
      const forge = makeForge(state);
      const fetched = await forge.fetch(fetchOf(repo));
      const before = [
        directoryDigest(repo, skip).slice(1),
        directoryDigest(join(repo, '.git'), (path) => /^(?:objects|refs|logs)\b/.test(path)).slice(1),
      ];
      const commit = deliver(fetched, scratch);
      const published = await forge.publish(publishOf(fetched, repo, commit));
      expect(published).toEqual({ branch: 'longhaul/t1', commit, baseMovedBy: 0, mergesCleanly: true });
      expect(git(repo, 'rev-parse', 'longhaul/t1')).toBe(commit);
      expect(git(repo, 'show', 'longhaul/t1:new.txt')).toBe('new');
      expect(git(repo, 'symbolic-ref', 'HEAD')).toBe('refs/heads/main');
      expect([
        directoryDigest(repo, skip).slice(1),
        directoryDigest(join(repo, '.git'), (path) => /^(?:objects|refs|logs)\b/.test(path)).slice(1),
      ]).toEqual(before);
    });

    it('twice as once', async () => {
      const { repo, state, scratch } = await places();
      makeRepository(repo);
      const forge = makeForge(state);
      const fetched = await forge.fetch(fetchOf(repo));
      const input = publishOf(fetched, repo, deliver(fetched, scratch));
      const first = await forge.publish(input);
      expect(await makeForge(state).publish(input)).toEqual(first);
      expect(await Promise.all([forge.publish(input), makeForge(state).publish(input)])).toEqual([
        first,
        first,
      ]);
      expect(git(repo, 'branch', '--list', '--format=%(refname:short)').split('\n')).toEqual([
        'longhaul/t1',
        'main',
      ]);
    });

    it('to a URL and to a bare repository', async () => {
      const { repo, state, scratch } = await places();
      makeRepository(repo);
      git(repo, 'clone', '--quiet', '--bare', repo, `${repo}.git`);
      const repository = pathToFileURL(`${repo}.git`).href;
      const forge = makeForge(state);
      const fetched = await forge.fetch(fetchOf(repository));
      const commit = deliver(fetched, scratch);
      await forge.publish(publishOf(fetched, repository, commit));
      expect(git(`${repo}.git`, 'rev-parse', 'longhaul/t1')).toBe(commit);
    });

    it('from a linked work tree and from a shallow clone', async () => {
      const { repo, state, scratch } = await places();
      makeRepository(repo);
      writeFiles(repo, { more: 'x' });
      commitAll(repo);
      git(repo, 'worktree', 'add', '--quiet', '-b', 'side', `${repo}-linked`);
      git(repo, 'clone', '--quiet', '--depth=1', pathToFileURL(repo).href, `${repo}-shallow`);
      for (const form of ['linked', 'shallow']) {
        const repository = `${repo}-${form}`;
        const forge = makeForge(join(state, form));
        const fetched = await forge.fetch(fetchOf(repository));
        const commit = deliver(fetched, `${scratch}-${form}`);
        await forge.publish(publishOf(fetched, repository, commit));
        expect(git(repository, 'rev-parse', 'longhaul/t1')).toBe(commit);
      }
    });

    it('and says how far the base has moved and that both still fit', async () => {
      const { repo, state, scratch } = await places();
      makeRepository(repo);
      const forge = makeForge(state);
      const fetched = await forge.fetch(fetchOf(repo));
      const commit = deliver(fetched, scratch);
      for (const file of ['x', 'y']) {
        writeFiles(repo, { [file]: 'x' });
        commitAll(repo);
      }
      expect(await forge.publish(publishOf(fetched, repo, commit))).toMatchObject({
        baseMovedBy: 2,
        mergesCleanly: true,
      });
    });

    it('and says that the two are in conflict', async () => {
      const { repo, state, scratch } = await places();
      makeRepository(repo);
      const forge = makeForge(state);
      const fetched = await forge.fetch(fetchOf(repo));
      const commit = deliver(fetched, scratch, { 'README.md': 'ours\n' });
      writeFiles(repo, { 'README.md': 'theirs\n' });
      commitAll(repo);
      expect(await forge.publish(publishOf(fetched, repo, commit))).toMatchObject({
        baseMovedBy: 1,
        mergesCleanly: false,
      });
    });

    it('with nothing to say of the base when its branch is gone or never was', async () => {
      const { repo, state, scratch } = await places();
      makeRepository(repo);
      git(repo, 'checkout', '--quiet', '-b', 'short-lived');
      const forge = makeForge(state);
      const fetched = await forge.fetch(fetchOf(repo));
      const commit = deliver(fetched, scratch);
      git(repo, 'checkout', '--quiet', 'main');
      git(repo, 'branch', '--quiet', '-D', 'short-lived');
      const unknown = { baseMovedBy: null, mergesCleanly: null };
      expect(await forge.publish(publishOf(fetched, repo, commit))).toMatchObject(unknown);
      expect(
        await forge.publish({ ...publishOf(fetched, repo, commit), branch: 'longhaul/t2', baseBranch: null }),
      ).toMatchObject(unknown);
    });

    it('a rewritten base branch as one that does not merge', async () => {
      const { repo, state, scratch } = await places();
      makeRepository(repo);
      const forge = makeForge(state);
      const fetched = await forge.fetch(fetchOf(repo));
      const commit = deliver(fetched, scratch);
      git(repo, 'checkout', '--quiet', '--orphan', 'other');
      commitAll(repo, 'unrelated');
      git(repo, 'branch', '--quiet', '-M', 'other', 'main');
      expect(await forge.publish(publishOf(fetched, repo, commit))).toMatchObject({
        baseMovedBy: 1,
        mergesCleanly: false,
      });
    });

    it('included changes as a commit of their own below the work', async () => {
      const { repo, state, scratch } = await places();
      const head = makeRepository(repo);
      writeFiles(repo, { wip: 'x' });
      const forge = makeForge(state);
      const fetched = await forge.fetch(fetchOf(repo, { includeChanges: true }));
      const commit = deliver(fetched, scratch);
      expect(await forge.publish(publishOf(fetched, repo, commit))).toMatchObject({
        baseMovedBy: 0,
        mergesCleanly: true,
      });
      expect(git(repo, 'rev-parse', 'longhaul/t1~2')).toBe(head);
    });

    it.each([
      ['another commit, also one that a plain push would move', 'longhaul/t1'],
      ['a name that is in the way', 'longhaul'],
      ['a name below it', 'longhaul/t1/below'],
    ])('nothing over a branch with %s', async (_, taken) => {
      const { repo, state, scratch } = await places();
      const head = makeRepository(repo);
      git(repo, 'branch', taken);
      const forge = makeForge(state);
      const fetched = await forge.fetch(fetchOf(repo));
      const asked = forge.publish(publishOf(fetched, repo, deliver(fetched, scratch)));
      await expect(asked).rejects.toMatchObject({
        code: 'repository.push_refused',
        message: expect.stringContaining('longhaul diff --patch'),
      });
      expect(git(repo, 'rev-parse', taken)).toBe(head);
    });

    it('nothing where the owner of a bare repository refuses it, and gives their reason', async () => {
      const { repo, state, scratch } = await places();
      makeRepository(repo);
      git(repo, 'clone', '--quiet', '--bare', repo, `${repo}.git`);
      writeFiles(`${repo}.git`, {
        'hooks/pre-receive': '#!/bin/sh\necho "frozen until Monday" >&2\nexit 1\n',
      });
      chmodSync(`${repo}.git/hooks/pre-receive`, 0o755);
      const forge = makeForge(state);
      const fetched = await forge.fetch(fetchOf(`${repo}.git`));
      const asked = forge.publish(publishOf(fetched, `${repo}.git`, deliver(fetched, scratch)));
      await expect(asked).rejects.toMatchObject({
        code: 'repository.push_refused',
        message: expect.stringContaining('frozen until Monday'),
      });
    });

    it('nothing of a commit that the task does not have', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      const forge = makeForge(state);
      const fetched = await forge.fetch(fetchOf(repo));
      const commit = CommitIdSchema.parse('1'.repeat(40));
      await expect(forge.publish(publishOf(fetched, repo, commit))).rejects.toMatchObject({
        code: 'repository.changed',
      });
    });

    it('nothing to a repository that is gone', async () => {
      const { repo, state, scratch } = await places();
      makeRepository(repo);
      const forge = makeForge(state);
      const fetched = await forge.fetch(fetchOf(repo));
      const commit = deliver(fetched, scratch);
      rmSync(repo, { recursive: true });
      await expect(forge.publish(publishOf(fetched, repo, commit))).rejects.toMatchObject({
        code: 'repository.not_found',
      });
    });
  });
}
