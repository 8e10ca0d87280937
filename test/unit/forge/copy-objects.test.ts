import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeBareRepository } from '../../../forge/bare-repository.ts';
import { copyObjects } from '../../../forge/copy-objects.ts';
import { createGit } from '../../../forge/git.ts';
import { resolveSource } from '../../../forge/source.ts';
import { commitAll, git, makeRepository, writeFiles } from '../../helpers/git-fixture.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const run = createGit({ environment: {} });

async function copied(path: string, object: string): Promise<string> {
  const mirror = join(await temporaryDirectory(), 'mirror.git');
  await makeBareRepository(run, mirror, 'sha1');
  await copyObjects(run, { gitDir: mirror, source: await resolveSource(run, path), object });
  return mirror;
}

const packsOf = (gitDir: string) =>
  readdirSync(join(gitDir, 'objects', 'pack')).filter((name) => name.endsWith('.pack'));

it('all that a commit reaches lies in the mirror, packed and loose, and a fetch has nothing to bring', async () => {
  const repo = join(await temporaryDirectory(), 'repo');
  makeRepository(repo);
  git(repo, 'repack', '-a', '-d', '--quiet');
  writeFiles(repo, { loose: 'x' });
  const head = commitAll(repo);
  const mirror = await copied(repo, head);
  git(mirror, 'fsck', '--strict', head);
  const before = packsOf(mirror);
  git(mirror, 'fetch', '--quiet', repo, head);
  expect(packsOf(mirror)).toEqual(before);
  expect(before).toHaveLength(1);
});

it('what the source itself borrows is copied too', async () => {
  const directory = await temporaryDirectory();
  const repo = join(directory, 'repo');
  const head = makeRepository(repo);
  git(directory, 'clone', '--quiet', '--shared', repo, 'borrower');
  const mirror = await copied(join(directory, 'borrower'), head);
  rmSync(repo, { recursive: true });
  git(mirror, 'fsck', '--strict', head);
});

it('a source that lacks an object leaves nothing in the mirror, and the fetch that follows says why', async () => {
  const repo = join(await temporaryDirectory(), 'repo');
  const head = makeRepository(repo);
  const blob = git(repo, 'rev-parse', 'HEAD:README.md');
  rmSync(join(repo, '.git', 'objects', blob.slice(0, 2), blob.slice(2)));
  const mirror = await copied(repo, head);
  expect(packsOf(mirror)).toEqual([]);
  expect(readdirSync(join(mirror, 'objects')).toSorted()).toEqual(['info', 'pack']);
});

it('no configuration of the source is followed', async () => {
  const repo = join(await temporaryDirectory(), 'repo');
  const head = makeRepository(repo);
  writeFileSync(
    join(repo, '.git', 'config'),
    '[core]\n\trepositoryformatversion = 0\n[pack]\n\tpackSizeLimit = 1\n[pack\n',
  );
  const mirror = join(await temporaryDirectory(), 'mirror.git');
  await makeBareRepository(run, mirror, 'sha1');
  const address = join(repo, '.git');
  const source = {
    kind: 'path',
    address,
    key: address,
    shown: repo,
    directory: repo,
    workTree: repo,
    bare: false,
    shallow: false,
  } as const;
  await copyObjects(run, { gitDir: mirror, source, object: head });
  expect(packsOf(mirror)).toHaveLength(1);
});
