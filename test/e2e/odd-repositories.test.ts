import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliveredBranch, personsPart } from '../helpers/e2e-repositories.ts';
import { brokenSum, conversation, mendAndDone, mendSum, sumCheck } from '../helpers/e2e-scenario.ts';
import { openWorld, type World } from '../helpers/e2e-world.ts';
import { commitAll, git, writeFiles } from '../helpers/git-fixture.ts';
import { expectInvariants } from '../helpers/invariants.ts';

const addOutside = '*** Begin Patch\n*** Add File: out/planted.txt\n+planted\n*** End Patch';
const done = mendAndDone.slice(1);

const scenario = {
  conversations: [
    conversation('mend', mendAndDone),
    conversation('mend-big', [
      { reply: [{ exec_command: 'head -c 200000000 /dev/zero > untracked.bin' }, { apply_patch: mendSum }] },
      ...done,
    ]),
    conversation('write-outside', [
      {
        reply: [
          { apply_patch: addOutside },
          { exec_command: 'echo planted > out/by-command.txt; cat out/kept.txt' },
        ],
      },
      { expect: { outputs: 2, notContains: ['what a person keeps'] }, reply: [{ apply_patch: mendSum }] },
      ...done,
    ]),
    conversation('make', [
      { reply: [{ exec_command: 'echo made > made.txt' }] },
      { reply: [{ message: 'It is made.' }] },
    ]),
  ],
};

let world: World;

beforeAll(async () => {
  world = await openWorld({ scenario });
});
afterAll(() => world.close());

/** Runs a task to its delivery; `repository` is what is given, `home` where the branch is to come. */
async function deliver(
  repository: string,
  more: Partial<Parameters<World['start']>[0]> = {},
  home = repository,
) {
  const story = await world.start({
    instruction: 'Mend the sum (mend).',
    repository,
    checks: [sumCheck],
    ...more,
  });
  const end = await story.end();
  expect(end).toMatchObject({ status: 'delivered', reason: '' });
  const evidence = await expectInvariants(world, story.taskId);
  const fetched = await story.until('repository.fetched');
  const notes = fetched.notes.map((note) => note.kind as string);
  return { story, end, evidence, notes, fetched, branch: deliveredBranch(home, end.branch ?? '') };
}

async function refused(...args: readonly string[]) {
  const cli = world.cli(['run', '--json', '--policy', 'sandboxed', ...args, 'Mend it (mend)']);
  const { exitCode, stderr, stdout } = await cli.ended;
  return { exitCode, said: `${stdout}\n${stderr}`, branches: world.model.requests.length };
}

test.concurrent('a repository that does not exist ends with what was looked for', async () => {
  const { exitCode, said } = await refused('--repo', join(world.directory, 'nowhere'));
  expect(exitCode).toBe(6);
  expect(said).toContain('repository.not_found');
  expect(said).toContain('nowhere');
});

test.concurrent('a URL where no repository is ends with a clear error', async () => {
  const { exitCode, said } = await refused('--repo', `file://${world.directory}/no-such.git`);
  expect(exitCode).toBe(6);
  expect(said).toContain('no-such.git');
});

test.concurrent('a repository without a commit ends with a clear error', async () => {
  const repository = join(world.directory, 'unborn');
  mkdirSync(repository);
  git(repository, 'init', '--quiet');
  const before = personsPart(repository);
  const { exitCode, said } = await refused('--repo', repository);
  expect(exitCode).toBe(6);
  expect(said).toContain('repository.no_commits');
  expect(personsPart(repository)).toEqual(before);
});

test.concurrent('a ref that is not there ends with a clear error', async () => {
  const repository = world.repository('no-ref', brokenSum);
  const { exitCode, said } = await refused('--repo', repository, '--ref', 'mian');
  expect(exitCode).toBe(6);
  expect(said).toContain('repository.ref_not_found');
});

test.concurrent('a commit of nothing at all can be built on', async () => {
  const repository = world.repository('empty', {});
  const checks = [{ name: 'made', command: 'test -e made.txt' }];
  const { branch } = await deliver(repository, { instruction: 'Make it (make).', checks });
  expect(branch.files()).toEqual(['made.txt']);
});

const soil = (repository: string) => {
  writeFiles(repository, {
    'README.md': 'not committed\n',
    'staged.txt': 'staged\n',
    'test.js': `${brokenSum['test.js']}// mine\n`,
  });
  git(repository, 'add', 'staged.txt');
};

test.concurrent('uncommitted changes are no part of a task, which is said at the start, and stay as they are', async () => {
  const repository = world.repository('dirty', brokenSum);
  soil(repository);
  const before = personsPart(repository);
  const { notes, branch } = await deliver(repository);
  expect(notes).toEqual(['dirty']);
  expect(branch.files()).toEqual(['sum.js']);
  expect(personsPart(repository)).toEqual(before);
});

test.concurrent('with includeChanges a task starts from the uncommitted changes, which stay as they are', async () => {
  const repository = world.repository('dirty-included', brokenSum);
  soil(repository);
  const before = personsPart(repository);
  const { branch, notes } = await deliver(repository, { includeChanges: true });
  expect(notes).toEqual(['included_changes']);
  expect(branch.read('staged.txt')).toBe('staged');
  expect(branch.read('README.md')).toBe('not committed');
  expect(branch.read('test.js')).toContain('// mine');
  expect(personsPart(repository)).toEqual(before);
});

test.concurrent('a bare repository gets the branch', async () => {
  const bare = join(world.directory, 'bare.git');
  execFileSync('git', ['clone', '--quiet', '--bare', world.repository('for-bare', brokenSum), bare]);
  const { branch } = await deliver(bare);
  expect(branch.files()).toEqual(['sum.js']);
});

test.concurrent('a shallow clone gets the branch', async () => {
  const source = world.repository('deep', brokenSum);
  writeFiles(source, { 'more.txt': 'more\n' });
  commitAll(source, 'second');
  const shallow = join(world.directory, 'shallow');
  execFileSync('git', ['clone', '--quiet', '--depth=1', `file://${source}`, shallow]);
  const before = personsPart(shallow);
  const { branch, notes } = await deliver(shallow);
  expect(notes).toEqual(['shallow']);
  expect(branch.files()).toEqual(['sum.js']);
  expect(personsPart(shallow)).toEqual(before);
});

test.concurrent('submodules are named, not entered, and stay in the tree as they are', async () => {
  const inner = world.repository('inner', { 'inner.txt': 'inner\n' });
  const repository = world.repository('outer', brokenSum);
  git(repository, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'vendored');
  commitAll(repository, 'with a submodule');
  const before = personsPart(repository);
  const { notes, branch } = await deliver(repository);
  expect(notes).toContain('submodules');
  expect(branch.files()).toEqual(['sum.js']);
  expect(git(repository, 'ls-tree', branch.commit, 'vendored')).toMatch(/^160000 commit /);
  expect(personsPart(repository)).toEqual(before);
});

test.concurrent('pointers of LFS are named and delivered as they are', async () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`;
  const repository = world.repository('lfs', { ...brokenSum, 'model.bin': pointer });
  // After the commit: no program for the filter is here.
  writeFiles(repository, { '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n' });
  git(repository, 'add', '.gitattributes');
  git(repository, 'commit', '--quiet', '-m', 'attributes');
  const { notes, branch } = await deliver(repository);
  expect(notes).toContain('lfs_pointers');
  expect(branch.files()).toEqual(['sum.js']);
  expect(branch.read('model.bin')).toBe(pointer.trim());
});

test.concurrent('a linked work tree is as good as the main one', async () => {
  const main = world.repository('main-tree', brokenSum);
  const linked = join(world.directory, 'linked-tree');
  git(main, 'worktree', 'add', '--quiet', '-b', 'topic', linked);
  writeFiles(linked, { 'topic.txt': 'topic\n' });
  commitAll(linked, 'on the topic');
  const { branch, fetched } = await deliver(linked, {}, main);
  expect(fetched.baseBranch).toBe('topic');
  expect(branch.files()).toEqual(['sum.js']);
  expect(git(linked, 'status', '--porcelain')).toBe('');
});

test.concurrent('file names with a newline and with bytes that are no UTF-8 survive', async () => {
  const repository = world.repository('odd-names', { ...brokenSum, 'two\nlines.txt': 'two\n' });
  writeFileSync(
    Buffer.concat([Buffer.from(`${repository}/bad-`), Buffer.from([0xff, 0xfe]), Buffer.from('.txt')]),
    'bad\n',
  );
  commitAll(repository, 'odd names');
  const before = readdirSync(repository, { encoding: 'buffer' });
  const { branch, notes } = await deliver(repository);
  expect(notes).toEqual(['unusual_names']);
  expect(branch.files()).toEqual(['sum.js']);
  expect(readdirSync(repository, { encoding: 'buffer' })).toEqual(before);
});

test.concurrent('nothing is read or written through a link that leads out of the tree', async () => {
  const outside = join(world.directory, 'outside');
  writeFiles(outside, { 'kept.txt': 'what a person keeps\n' });
  const repository = world.repository('link-out', brokenSum);
  symlinkSync(outside, join(repository, 'out'));
  commitAll(repository, 'a link');
  const { branch, notes } = await deliver(repository, { instruction: 'Mend it (write-outside).' });
  expect(notes).toEqual(['outward_symlinks']);
  expect(readdirSync(outside)).toEqual(['kept.txt']);
  expect(branch.files()).toEqual(['sum.js']);
});

test.concurrent('a file of 200 MB in the repository and one that a command makes: the new one is left out and named', async () => {
  const repository = world.repository('big', brokenSum);
  execFileSync('truncate', ['-s', '200000000', join(world.directory, 'zeros')]);
  renameSync(join(world.directory, 'zeros'), join(repository, 'tracked.bin'));
  commitAll(repository, 'a large file');
  const { branch, evidence, notes } = await deliver(repository, { instruction: 'Mend it (mend-big).' });
  expect(notes).toEqual(['large_files']);
  expect(branch.files()).toEqual(['sum.js']);
  expect(evidence.ledger[0]?.record.checkpoint.leftOut).toEqual([
    { path: 'untracked.bin', reason: 'too_large' },
  ]);
});
