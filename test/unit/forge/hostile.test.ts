import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TaskIdSchema } from '../../../contracts/ids.ts';
import { createGitForge } from '../../../forge/git-forge.ts';
import { git, makeRepository, writeFiles } from '../../helpers/git-fixture.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const taskId = TaskIdSchema.parse('t1');

describe('a repository whose configuration names programs', () => {
  it.each([
    ['core.fsmonitor', '{}'],
    ['core.hooksPath', '<hooks>'],
    ['filter.x.clean', '{}'],
    ['filter.x.smudge', '{}'],
    ['filter.x.process', '{}'],
    ['filter.a.b=c.clean', '{}'],
    ['diff.external', '{}'],
    ['diff.x.textconv', '{}'],
    ['diff.x.command', '{}'],
    ['uploadpack.packObjectsHook', '{}'],
    ['core.sshCommand', '{}'],
    ['core.pager', '{}'],
    ['credential.helper', '!{}'],
    ['core.alternateRefsCommand', '{}'],
  ])('by %s is fetched and none of them runs', async (key, value) => {
    const dir = await temporaryDirectory();
    const repo = join(dir, 'repo');
    makeRepository(repo, {
      '.gitattributes': '* filter=x diff=x\n*.c filter=a.b=c\n',
      'a.txt': '1\n',
      'b.c': '1\n',
    });
    const program = join(dir, 'program');
    const mark = join(dir, 'it-ran');
    writeFiles(dir, { program: `#!/bin/sh\ntouch '${mark}'\ncat\n` });
    chmodSync(program, 0o755);
    for (const hook of ['post-index-change', 'reference-transaction', 'post-checkout', 'pre-push']) {
      writeFiles(dir, { [`hooks/${hook}`]: `#!/bin/sh\ntouch '${mark}'\n` });
      chmodSync(join(dir, 'hooks', hook), 0o755);
    }
    git(repo, 'config', key, value.replace('{}', program).replace('<hooks>', join(dir, 'hooks')));
    writeFiles(repo, { 'a.txt': '2\n', 'b.c': '2\n', new: 'x' });
    for (const includeChanges of [false, true]) {
      const forge = createGitForge({ stateDir: join(dir, `state-${includeChanges}`) });
      const fetched = await forge.fetch({ taskId, repository: repo, ref: null, includeChanges });
      expect(fetched.baseBranch).toBe('main');
    }
    expect(existsSync(mark)).toBe(false);
  });
});
