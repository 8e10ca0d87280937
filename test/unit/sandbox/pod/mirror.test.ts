import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CommitIdSchema } from '../../../../contracts/ids.ts';
import { someAncestors } from '../../../../k8s/source-pack.ts';
import { takeFromMirror } from '../../../../sandbox/pod/mirror.ts';
import { temporaryDirectory } from '../../../helpers/temporary-directory.ts';

const git = (cwd: string, ...args: readonly string[]) =>
  execFileSync('git', [...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** A repository, a volume with a mirror of it, and an empty repository in a pod. */
async function world(...cloneOptions: readonly string[]) {
  const root = await temporaryDirectory();
  const [own, volume, source] = ['own', 'volume', 'source'].map((name) => path.join(root, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(volume);
  git(root, 'init', '-q', own);
  git(root, 'init', '-q', '--bare', source);
  const commit = (name: string) => {
    writeFileSync(path.join(own, name), `${name}\n`);
    git(own, 'add', '.');
    git(own, '-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '-qm', name);
    return CommitIdSchema.parse(git(own, 'rev-parse', 'HEAD'));
  };
  const first = commit('first');
  git(own, 'checkout', '-q', '-b', 'secret');
  const secret = commit('secret');
  git(own, 'checkout', '-q', '-');
  const second = commit('second');
  const mirror = () =>
    git(root, 'clone', '-q', '--mirror', ...cloneOptions, `file://${own}`, path.join(volume, 'a.git'));
  return { own, volume, source, first, secret, second, mirror, commit };
}
const has = (gitDir: string, commit: string): boolean => {
  try {
    git(gitDir, 'rev-list', '--objects', commit);
    return true;
  } catch {
    return false;
  }
};

test('of a mirror that has the commit all is taken that the commit reaches, and nothing else', async () => {
  const { own, volume, source, first, secret, second, mirror } = await world();
  mirror();
  const ancestors = await someAncestors(path.join(own, '.git'), second);
  expect(ancestors).toEqual([second, first]);
  expect(await takeFromMirror(ancestors, source, volume)).toBe(second);
  expect([first, second, secret].map((commit) => has(source, commit))).toEqual([true, true, false]);
});

test('of a mirror that is behind its newest ancestor of the commit is taken', async () => {
  const { own, volume, source, second, mirror, commit } = await world();
  mirror();
  commit('third');
  const fourth = commit('fourth');
  expect(await takeFromMirror(await someAncestors(path.join(own, '.git'), fourth), source, volume)).toBe(
    second,
  );
  expect([second, fourth].map((one) => has(source, one))).toEqual([true, false]);
});

test.each([
  ['shallow', ['--depth=1']],
  ['partial', ['--filter=blob:none']],
])('a mirror that is %s is passed over', async (_, options) => {
  const { own, volume, source, second, mirror } = await world(...options);
  git(own, 'config', 'uploadpack.allowFilter', 'true');
  mirror();
  expect(await takeFromMirror([second], source, volume)).toBeNull();
});

test('a volume without a repository, and none, give nothing', async () => {
  const { volume, source, second } = await world();
  expect(await takeFromMirror([second], source, volume)).toBeNull();
  expect(await takeFromMirror([second], source, path.join(volume, 'no'))).toBeNull();
});
