import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TaskIdSchema } from '../../../contracts/ids.ts';
import { createGitForge } from '../../../forge/git-forge.ts';
import { makeRepository } from '../../helpers/git-fixture.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const loop = (file: string) => {
  rmSync(file);
  symlinkSync(file, file);
};

it.each([
  ['is torn', (file: string) => writeFileSync(file, '{"baseC'), 'longhaul.json is no JSON', true],
  ['is gone', (file: string) => rmSync(file), 'longhaul.json is not there', true],
  ['cannot be read', loop, 'ELOOP', false],
] as const)('a task’s repository whose note %s is told as exactly that', async (_, spoil, what, damaged) => {
  const dir = await temporaryDirectory();
  const repo = join(dir, 'repo');
  makeRepository(repo);
  const forge = createGitForge({ stateDir: join(dir, 'state') });
  const input = { taskId: TaskIdSchema.parse('t1'), repository: repo, ref: null, includeChanges: false };
  const { gitDir } = await forge.fetch(input);
  spoil(join(gitDir, 'longhaul.json'));
  const said = await forge.fetch(input).then(String, String);
  expect(said).toContain(what);
  expect(said.includes('is damaged')).toBe(damaged);
});
