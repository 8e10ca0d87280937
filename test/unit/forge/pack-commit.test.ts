import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { parentsInPack } from '../../../forge/pack-commit.ts';
import { git, gitBytes, makeRepository, packOf } from '../../helpers/git-fixture.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

async function made() {
  const repo = join(await temporaryDirectory(), 'repo');
  makeRepository(repo, { a: '1' });
  const base = git(repo, 'rev-parse', 'HEAD');
  const tree = git(repo, 'rev-parse', 'HEAD^{tree}');
  const commitOn = (...parents: readonly string[]) =>
    git(repo, 'commit-tree', ...parents.flatMap((parent) => ['-p', parent]), '-m', 'next\n\nparent x', tree);
  return { repo, base, commitOn };
}

test('a pack that begins with a commit tells its parents', async () => {
  const { repo, base, commitOn } = await made();
  const one = commitOn(base);
  expect(parentsInPack(packOf(repo, one, base), one)).toEqual([base]);
  const merge = commitOn(one, base);
  expect(parentsInPack(packOf(repo, merge, base), merge)).toEqual([one, base]);
  const orphan = commitOn();
  const pack = gitBytes(repo, { input: `${orphan}\n` }, 'pack-objects', '--stdout', '--quiet');
  expect(parentsInPack(pack, orphan)).toEqual([]);
});

test('a pack tells nothing of a commit that it does not begin with', async () => {
  const { repo, base, commitOn } = await made();
  const one = commitOn(base);
  const pack = packOf(repo, one, base);
  expect(parentsInPack(pack, base)).toBeUndefined();
  const two = commitOn(one);
  expect(parentsInPack(packOf(repo, two, base), one)).toBeUndefined();
});

test('bytes that are no pack, a cut one and one that lies about a size tell nothing', async () => {
  const { repo, base, commitOn } = await made();
  const one = commitOn(base);
  const pack = packOf(repo, one, base);
  const header = pack.subarray(0, 12);
  const bomb = Buffer.concat([header, Buffer.from([0x9f, 0x01]), deflateSync(Buffer.alloc(50_000_000))]);
  const endless = Buffer.concat([header, Buffer.alloc(40, 0xff)]);
  for (const wrong of [Buffer.alloc(0), Buffer.from('not a pack at all'), header, bomb, endless])
    expect(parentsInPack(wrong, one)).toBeUndefined();
  for (let length = 0; length < 40; length += 1)
    expect(parentsInPack(pack.subarray(0, length), one)).toBeUndefined();
});
