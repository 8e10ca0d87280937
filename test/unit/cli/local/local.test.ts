import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { editText } from '../../../../cli/local/edit-text.ts';
import { findRepository } from '../../../../cli/local/find-repository.ts';
import { programName } from '../../../../cli/local/program-name.ts';
import { stateDirectoryFacts } from '../../../../cli/local/state-directory-facts.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longhaul-cli-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the repository that one stands in', () => {
  it('is found from a folder below, a worktree with a .git file included', async () => {
    await mkdir(join(folder, 'a', '.git'), { recursive: true });
    await mkdir(join(folder, 'a', 'src', 'deep'), { recursive: true });
    await mkdir(join(folder, 'b', 'src'), { recursive: true });
    await writeFile(join(folder, 'b', '.git'), 'gitdir: ../a/.git/worktrees/b\n');
    expect(await findRepository(join(folder, 'a', 'src', 'deep'))).toBe(join(folder, 'a'));
    expect(await findRepository(join(folder, 'a', '.git'))).toBe(join(folder, 'a'));
    expect(await findRepository(join(folder, 'b', 'src'))).toBe(join(folder, 'b'));
  });

  it('may be bare', async () => {
    const bare = join(folder, 'shop.git');
    await mkdir(join(bare, 'objects'), { recursive: true });
    await mkdir(join(bare, 'refs'));
    await writeFile(join(bare, 'HEAD'), 'ref: refs/heads/main\n');
    expect(await findRepository(bare)).toBe(bare);
  });

  it('is none where there is none, and where there is no folder', async () => {
    expect(await findRepository(folder)).toBeNull();
    expect(await findRepository(join(folder, 'nothing'))).toBeNull();
  });
});

describe('an editor', () => {
  async function editor(script: string): Promise<string> {
    const path = join(folder, 'editor with spaces');
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    return `'${path}' --wait`;
  }

  it('gets a private file of that name and gives back what it left', async () => {
    const command = await editor(
      'test "$1" = --wait || exit 3; test "$(stat -c %a "$2")" = 600 || exit 4; printf "%s " "$(basename "$2")" >> "$2"',
    );
    expect(await editText(command, 'npm ci ', 'command.sh')).toBe('npm ci command.sh ');
  });

  it('that fails changes nothing, and leaves no file', async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('longhaul-edit-'));
    await expect(editText(await editor('exit 1'), 'x', 'command.sh')).rejects.toMatchObject({
      code: 'usage.invalid',
    });
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('longhaul-edit-'))).toEqual(before);
  });

  it('may be missing', async () => {
    expect(await editText(undefined, 'x', 'command.sh')).toBeNull();
    expect(await editText(' ', 'x', 'command.sh')).toBeNull();
  });
});

describe('the name to call the program by', () => {
  const name = (more: Readonly<Record<string, string>>, workingDirectory = '/home/ann') =>
    programName({ executable: join(folder, 'bin', 'longhaul'), env: more, workingDirectory });
  const linked = async (...path: readonly string[]) => {
    const place = join(folder, ...path);
    await mkdir(place, { recursive: true });
    await symlink(join(folder, 'bin', 'longhaul'), join(place, 'longhaul'));
    return place;
  };
  beforeEach(async () => {
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin', 'longhaul'), '');
  });

  it('is its own where the PATH finds it', async () => {
    const place = await linked('usr', 'bin');
    expect(name({ PATH: ['/nowhere', place].join(delimiter) })).toBe('longhaul');
  });

  it('is its path where the PATH finds another one first, or none', async () => {
    const other = join(folder, 'other');
    await mkdir(other);
    await writeFile(join(other, 'longhaul'), '');
    const path = [other, await linked('usr', 'bin')].join(delimiter);
    expect(name({ PATH: path })).toBe(join(folder, 'bin', 'longhaul'));
    expect(name({ PATH: '.' })).toBe(join(folder, 'bin', 'longhaul'));
    expect(name({})).toBe(join(folder, 'bin', 'longhaul'));
  });

  it('is short where it lies below, and ready for a shell', async () => {
    expect(name({}, folder)).toBe('./bin/longhaul');
    const spaced = { executable: '/opt/my tools/longhaul', env: {}, workingDirectory: '/' };
    expect(programName(spaced)).toBe("'./opt/my tools/longhaul'");
  });

  it('begins with npx where only npm has put it on the PATH', async () => {
    const lent = await linked('node_modules', '.bin');
    expect(name({ PATH: lent, npm_command: 'exec' })).toBe('npx longhaul');
    expect(name({ PATH: lent })).toBe('longhaul');
    const own = [lent, await linked('usr', 'bin')].join(delimiter);
    expect(name({ PATH: own, npm_command: 'run-script' })).toBe('longhaul');
  });
});

describe('the facts of the state directory', () => {
  it('say whether others can read it', async () => {
    await chmod(folder, 0o755);
    expect(await stateDirectoryFacts(folder)).toMatchObject({ exists: true, writable: true, shared: true });
    await chmod(folder, 0o700);
    expect(await stateDirectoryFacts(folder)).toMatchObject({ shared: false, freeBytes: expect.any(Number) });
  });

  it('make nothing', async () => {
    const path = join(folder, 'not', 'yet');
    expect(await stateDirectoryFacts(path)).toMatchObject({ exists: false, writable: true, shared: false });
    expect(await readdir(folder)).toEqual([]);
  });

  it('know a file that stands in its place', async () => {
    const path = join(folder, 'file');
    await writeFile(path, '');
    expect(await stateDirectoryFacts(path)).toMatchObject({ writable: false });
  });
});
