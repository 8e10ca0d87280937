import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createGit, type Git } from '../../../forge/git.ts';
import { createGitForge } from '../../../forge/git-forge.ts';
import { createGitTaskRepository } from '../../../forge/git-task-repository.ts';
import { importPack } from '../../../forge/import-checkpoint.ts';
import { setUp } from '../../conformance/task-repository-support.ts';
import { git, makeCheckpoint } from '../../helpers/git-fixture.ts';

/** Imports checkpoints into a real repository, and tells what git was started for. */
async function importing() {
  const setting = await setUp((stateDir) => ({
    forge: createGitForge({ stateDir }),
    tasks: createGitTaskRepository({ stateDir }),
  }));
  const { gitDir, baseCommit } = setting.fetched;
  const plain = createGit({ environment: process.env });
  return {
    gitDir,
    baseCommit,
    make: (parent: string, content: string) =>
      makeCheckpoint(join(setting.dir, `scratch-${content}`), { gitDir, parent, files: { a: content } }),
    async take(iteration: number, made: { readonly commit: string; readonly pack: Uint8Array }) {
      const started: (string | undefined)[] = [];
      const counting: Git = (call) => {
        started.push(call.args[0]);
        return plain(call);
      };
      await importPack(counting, { gitDir, iteration, commit: made.commit, pack: made.pack });
      expect(git(gitDir, 'rev-parse', `refs/longhaul/${iteration}`)).toBe(made.commit);
      return started;
    },
  };
}

test('a checkpoint on the base, or on one before it, starts git once', async () => {
  const { make, take, baseCommit } = await importing();
  const one = make(baseCommit, '1');
  expect(await take(1, one)).toEqual(['index-pack']);
  const two = make(one.commit, '2');
  expect(await take(4, two)).toEqual(['index-pack']);
  expect(await take(4, two)).toEqual([]);
});

test('a checkpoint on one of long ago has git look for the base', async () => {
  const { make, take, baseCommit } = await importing();
  const one = make(baseCommit, '1');
  await take(1, one);
  expect(await take(90, make(one.commit, '2'))).toEqual(['index-pack', 'merge-base']);
});

test('in a repository whose refs are no files, git checks and writes them', async () => {
  const { make, take, gitDir, baseCommit } = await importing();
  const one = make(baseCommit, '1');
  git(gitDir, 'pack-refs', '--all');
  expect(await take(1, one)).toEqual(['index-pack', 'merge-base', 'update-ref']);
});

test('a lock that a killed git has left does not hold up a checkpoint, and nothing else is left', async () => {
  const { make, take, gitDir, baseCommit } = await importing();
  writeFileSync(join(gitDir, 'refs/longhaul/1.lock'), '');
  const one = make(baseCommit, '1');
  await take(1, one);
  expect(readFileSync(join(gitDir, 'refs/longhaul/1'), 'latin1')).toBe(`${one.commit}\n`);
  expect(readdirSync(join(gitDir, 'objects')).filter((name) => name.startsWith('incoming-'))).toEqual([]);
});
