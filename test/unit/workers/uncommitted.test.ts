import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { uncommittedNote } from '../../../workers/uncommitted.ts';
import { git } from '../../helpers/git-fixture.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

test('what is in no commit is named, and a clean repository and a URL have nothing', async () => {
  const repository = await temporaryDirectory();
  git(repository, 'init', '--quiet');
  writeFileSync(join(repository, 'a.txt'), 'a\n');
  expect(await uncommittedNote(repository)).toMatch(
    /^1 file .*not committed.*--include-changes.*: a\.txt\.$/,
  );
  git(repository, 'add', '--all');
  git(repository, 'commit', '--quiet', '--message=a');
  expect(await uncommittedNote(repository)).toBeNull();
  rmSync(join(repository, 'a.txt'));
  expect(await uncommittedNote(repository)).toContain('a.txt');
  expect(await uncommittedNote('https://git.example/shop.git')).toBeNull();
});

test('what is no repository is an error', async () => {
  await expect(uncommittedNote(await temporaryDirectory())).rejects.toMatchObject({
    code: 'repository.not_found',
  });
});
