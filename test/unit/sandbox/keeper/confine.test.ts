import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createConfine } from '../../../../sandbox/keeper/confine.ts';
import { temporaryDirectory } from '../../../helpers/temporary-directory.ts';

/** A workspace with a link that leads out of it, beside a directory of the machine that holds a secret. */
async function places() {
  const root = await temporaryDirectory();
  const [gitDir, workTree, host, lent] = ['git', 'work', 'host', 'lent'].map((name) =>
    path.join(root, name),
  ) as [string, string, string, string];
  await mkdir(path.join(gitDir, 'objects', 'info'), { recursive: true });
  await mkdir(lent);
  await writeFile(path.join(lent, 'object'), 'lent');
  await writeFile(path.join(gitDir, 'objects', 'info', 'alternates'), `${lent}\n`);
  await mkdir(workTree);
  await mkdir(host);
  await writeFile(path.join(host, 'secret'), 'secret');
  await symlink(host, path.join(workTree, 'link'));
  const confine = createConfine({ bwrap: '/usr/bin/bwrap', sh: '/bin/sh', programs: [], gitDir, workTree });
  onTestFinished(confine.end);
  const sh = async (script: string) => {
    const result = await confine.run({ program: '/bin/sh', args: ['-c', script], env: {} });
    if (result.exitCode !== 0) throw new Error(result.stderr);
    return result.stdout.toString();
  };
  return { confine, sh, host, lent, gitDir, workTree };
}

test('a link out of the workspace leads nowhere, for reading and for writing', async () => {
  const { sh, host } = await places();
  await expect(sh('cat link/secret')).rejects.toThrow(/No such file/);
  await expect(sh('echo overwritten > link/secret')).rejects.toThrow();
  await expect(sh(`ls ${host}`)).rejects.toThrow(/No such file/);
  expect(await readdir(host)).toEqual(['secret']);
});

test('the workspace and the repository are there to write, lent objects and programs to read', async () => {
  const { sh, lent, gitDir, workTree } = await places();
  expect(await sh(`pwd; echo made > made; echo HEAD > ${gitDir}/HEAD; cat ${lent}/object`)).toBe(
    `${workTree}\nlent`,
  );
  expect(await readdir(workTree)).toContain('made');
  await expect(sh(`echo no > ${lent}/object`)).rejects.toThrow(/Read-only/);
  await expect(sh('echo no > /usr/made')).rejects.toThrow(/Read-only/);
});

test('a program gets the environment of its call and the bytes of its standard input, and nothing else', async () => {
  const { confine } = await places();
  const env = { WORD: "it's\n two lines" };
  const shown = await confine.run({ program: '/usr/bin/env', args: ['-0'], env });
  expect(shown.stdout.toString()).toBe(`WORD=${env.WORD}\0`);
  const stdin = Buffer.from([0, 1, 255, 10, 0]);
  expect((await confine.run({ program: '/bin/cat', args: ['-'], env: {}, stdin })).stdout).toEqual(stdin);
});

test('what a program says and how it ends is its own, also when two run at once and others wait', async () => {
  const { confine, gitDir } = await places();
  const call = (n: number) =>
    confine.run({ program: '/bin/sh', args: ['-c', `echo out ${n}; echo err ${n} >&2; exit ${n}`], env: {} });
  const results = await Promise.all([1, 2, 3, 4, 5].map(call));
  expect(results.map((one) => [one.exitCode, `${one.stdout}${one.stderr}`])).toEqual(
    [1, 2, 3, 4, 5].map((n) => [n, `out ${n}\nerr ${n}\n`]),
  );
  expect(await readdir(path.join(gitDir, 'longhaul'))).toEqual([]);
});

test('a program that its end takes by surprise gives -1, and the next call is served again', async () => {
  const { confine, sh, workTree } = await places();
  const running = confine.run({ program: '/bin/sh', args: ['-c', 'echo begun > begun; sleep 60'], env: {} });
  await vi.waitFor(async () => expect(await readdir(workTree)).toContain('begun'));
  await confine.end();
  expect(await running).toMatchObject({ exitCode: -1 });
  expect(await sh('echo again')).toBe('again\n');
});

test('objects that are lent later are seen by the calls after', async () => {
  const { sh, gitDir, host } = await places();
  await sh('true');
  await writeFile(path.join(gitDir, 'objects', 'info', 'alternates'), `${host}\n`);
  expect(await sh(`cat ${host}/secret`)).toBe('secret');
});
