import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createConfine } from '../../../../sandbox/keeper/confine.ts';
import { temporaryDirectory } from '../../../helpers/temporary-directory.ts';

const run = promisify(execFile);

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
  const confine = createConfine({ bwrap: '/usr/bin/bwrap', gitDir, workTree });
  const sh = async (script: string) => {
    const [program, ...args] = confine('/bin/sh', ['-c', script]);
    return (await run(program, args)).stdout;
  };
  return { sh, host, lent, gitDir, workTree };
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
