import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { FetchInput } from '../../contracts/forge.ts';
import { git, makeRepository, writeFiles } from '../helpers/git-fixture.ts';

import { fetchOf, type MakeForge, places } from './forge-support.ts';

/** What every forge must refuse. */
export function forgeRefuses(name: string, makeForge: MakeForge): void {
  describe(`${name} refuses`, () => {
    const refusal = async (state: string, input: FetchInput) =>
      makeForge(state)
        .fetch(input)
        .then(
          () => expect.fail('it was fetched'),
          (error: unknown) => error,
        );

    it.each([
      ['a path', (repo: string) => `${repo}/nothing/here`],
      ['a file URL', (repo: string) => pathToFileURL(`${repo}/nothing`).href],
    ])('%s where nothing is', async (_, at) => {
      const { repo, state } = await places();
      const error = await refusal(state, fetchOf(at(repo)));
      expect(error).toMatchObject({
        code: 'repository.not_found',
        message: expect.stringContaining('nothing'),
      });
    });

    it('a directory that is no repository, and a file', async () => {
      const { repo, state } = await places();
      writeFiles(repo, { file: 'x' });
      expect(await refusal(state, fetchOf(repo))).toMatchObject({ code: 'repository.not_found' });
      expect(await refusal(state, fetchOf(join(repo, 'file')))).toMatchObject({
        code: 'repository.not_found',
      });
    });

    it('a repository without a commit, by path and by URL', async () => {
      const { repo, state } = await places();
      mkdirSync(repo);
      git(repo, 'init', '--quiet');
      expect(await refusal(state, fetchOf(repo))).toMatchObject({ code: 'repository.no_commits' });
      expect(await refusal(state, fetchOf(repo, { ref: 'main' }))).toMatchObject({
        code: 'repository.no_commits',
      });
      expect(await refusal(state, fetchOf(pathToFileURL(repo).href))).toMatchObject({
        code: 'repository.no_commits',
      });
    });

    it('a current branch without a commit, and names those that have one', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      git(repo, 'symbolic-ref', 'HEAD', 'refs/heads/unborn');
      const error = await refusal(state, fetchOf(repo));
      expect(error).toMatchObject({
        code: 'repository.no_commits',
        message: expect.stringContaining('main'),
      });
    });

    it('a ref that is not there, and names one that is nearly the same', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      git(repo, 'branch', 'feature/login');
      const error = await refusal(state, fetchOf(repo, { ref: 'feature/logn' }));
      expect(error).toMatchObject({
        code: 'repository.ref_not_found',
        message: expect.stringContaining('feature/login'),
      });
    });

    it.each(['--upload-pack=touch pwned', '-x', 'a b', 'main^{tree}', 'main:README.md'])(
      '%j as a ref',
      async (ref) => {
        const { repo, state } = await places();
        makeRepository(repo);
        expect(await refusal(state, fetchOf(repo, { ref }))).toMatchObject({
          code: 'repository.ref_not_found',
        });
      },
    );

    it.each(['ext::sh -c true', 'git://example.com/x', 'http://example.com/x', 'ftp://example.com/x'])(
      '%j as a repository',
      async (repository) => {
        const { state } = await places();
        const error = await refusal(state, fetchOf(repository));
        expect(['usage.invalid', 'repository.not_found']).toContain((error as { code: string }).code);
      },
    );

    it('a server that nobody answers at, as a fault that may pass', async () => {
      const { state } = await places();
      const error = await refusal(state, fetchOf('http://someone:hunter2@127.0.0.1:1/repo.git'));
      expect(error).toMatchObject({ code: 'repository.unavailable', retryable: true });
      expect(String(error)).not.toContain('hunter2');
    });

    it('a damaged repository, and leaves no half of it behind', async () => {
      const { repo, state } = await places();
      makeRepository(repo);
      const tree = git(repo, 'rev-parse', 'HEAD^{tree}');
      const object = join(repo, '.git/objects', tree.slice(0, 2), tree.slice(2));
      const bytes = readFileSync(object);
      unlinkSync(object);
      expect(await refusal(state, fetchOf(repo))).toMatchObject({ code: 'repository.unreadable' });
      writeFileSync(object, bytes);
      await makeForge(state).fetch(fetchOf(repo));
    });
  });
}
