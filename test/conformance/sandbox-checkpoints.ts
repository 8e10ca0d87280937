import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CommitId, LeaseId } from '../../contracts/ids.ts';
import { git, gitBytes, gitWith } from '../helpers/git-fixture.ts';
import {
  acquire,
  baseFiles,
  checkpointOf,
  commitOf,
  type MakeSandbox,
  nextLease,
  run,
  type SandboxFixture,
} from './sandbox-support.ts';

/** The workspace as git objects, and back. */
export function sandboxCheckpoints(name: string, make: MakeSandbox): void {
  describe(`${name}: checkpoints`, () => {
    let fixture: SandboxFixture;
    let outside = '';
    const leaseId: LeaseId = nextLease();
    beforeAll(async () => {
      fixture = await make();
      outside = mkdtempSync(join(tmpdir(), 'longhaul-outside-'));
      await acquire(fixture, leaseId);
    });
    afterAll(async () => {
      await fixture.sandbox.release(leaseId);
      await fixture.cleanup();
      rmSync(outside, { recursive: true, force: true });
    });
    beforeEach(async () => {
      await restore(fixture.commit);
    });

    const sh = (line: string, more = {}) => run(fixture, leaseId, line, more);
    const restore = (commit: CommitId) =>
      fixture.sandbox.restore(leaseId, { gitDir: fixture.gitDir, commit });
    const checkpoint = (parent?: CommitId) => checkpointOf(fixture, leaseId, parent);
    const keep = async (parent?: CommitId) => {
      const made = await checkpoint(parent);
      if (made.pack === null) throw new Error('the checkpoint has no pack');
      gitWith(fixture.gitDir, { input: made.pack }, 'index-pack', '--stdin', '--strict');
      return made;
    };
    const names = (commit: string): string[] =>
      gitBytes(fixture.gitDir, {}, 'ls-tree', '-r', '-z', '--name-only', commit)
        .toString('latin1')
        .split('\0')
        .filter(Boolean);
    const content = (commit: string, path: string): string =>
      gitBytes(fixture.gitDir, {}, 'cat-file', 'blob', `${commit}:${path}`).toString('latin1');
    const mode = (commit: string, path: string): string | undefined =>
      git(fixture.gitDir, 'ls-tree', commit, '--', path).split(' ')[0];

    test('a workspace that nobody changed gives the tree of its parent, the parent itself, and no pack', async () => {
      const tree = git(fixture.gitDir, 'rev-parse', `${fixture.commit}^{tree}`);
      expect(await checkpoint()).toEqual({
        tree,
        commit: fixture.commit,
        pack: null,
        filesChanged: 0,
        linesChanged: 0,
        leftOut: [],
      });
    });

    test.each(Object.entries(baseFiles))('%s lies in the workspace byte for byte', async (path, bytes) => {
      expect((await sh(`cat '${path}'`)).text).toBe(bytes);
    });

    test('bytes are kept as they are, whatever .gitattributes say of line ends, filters and encodings', async () => {
      await sh(
        'printf "a\\r\\nb\\n" > new.txt; printf "\\$Id: mine\\$" > new.id; printf "\\377\\376" > new.utf; printf LFS > new.bin; printf "\\r\\n" >> crlf.txt',
      );
      const { commit } = await keep();
      expect(content(commit, 'new.txt')).toBe('a\r\nb\n');
      expect(content(commit, 'new.id')).toBe('$Id: mine$');
      expect(content(commit, 'new.utf')).toBe('\xff\xfe');
      expect(content(commit, 'new.bin')).toBe('LFS');
      expect(content(commit, 'crlf.txt')).toBe('one\r\ntwo\n\r\n');
    });

    test('added, changed, deleted and renamed files, modes and links are all in it', async () => {
      await sh(
        'echo more >> README.md; rm sub/deep/leaf; mv dir/file dir/moved; chmod +x crlf.txt; ln -s ../etc/passwd link; mkdir -p p/q; echo n > p/q/new',
      );
      const { commit, filesChanged, linesChanged } = await keep();
      expect(names(commit)).toEqual(expect.arrayContaining(['dir/moved', 'link', 'p/q/new']));
      expect(names(commit)).not.toEqual(expect.arrayContaining(['sub/deep/leaf']));
      expect(names(commit)).not.toContain('dir/file');
      expect(mode(commit, 'crlf.txt')).toBe('100755');
      expect(mode(commit, 'link')).toBe('120000');
      expect(content(commit, 'link')).toBe('../etc/passwd');
      expect({ filesChanged, linesChanged }).toEqual({ filesChanged: 7, linesChanged: 6 });
    });

    test('the same workspace, parent and time give the same commit, by another sandbox too', async () => {
      const line = 'echo same > same; mkdir d2; echo x > d2/x';
      await sh(line);
      const first = await checkpoint();
      expect(first.commit).not.toBe(fixture.commit);
      await restore(fixture.commit);
      await sh(line);
      expect((await checkpoint()).commit).toBe(first.commit);
      const other = await acquire(fixture);
      await run(fixture, other.leaseId, line);
      expect((await checkpointOf(fixture, other.leaseId)).commit).toBe(first.commit);
      await fixture.sandbox.release(other.leaseId);
    });

    test('the commit names its parent, its message, its time and no person', async () => {
      await sh('echo x > x');
      const { commit, tree } = await keep();
      expect(git(fixture.gitDir, 'cat-file', 'commit', commit)).toBe(
        [
          `tree ${tree}`,
          `parent ${fixture.commit}`,
          'author Longhaul <longhaul@localhost> 1700000000 +0000',
          'committer Longhaul <longhaul@localhost> 1700000000 +0000',
          '',
          'iteration 1',
        ].join('\n'),
      );
    });

    test('a pack holds what the parent lacks and stands on its own; the next one builds on it', async () => {
      await sh('echo one > one');
      const first = await keep();
      await sh('echo two > two');
      const second = await keep(first.commit);
      expect(git(fixture.gitDir, 'rev-list', '--count', `${fixture.commit}..${second.commit}`)).toBe('2');
      expect(names(second.commit)).toEqual(expect.arrayContaining(['one', 'two']));
      expect(second.filesChanged).toBe(1);
    });

    test('a change that was taken back is no change', async () => {
      await sh('echo x > x');
      await checkpoint();
      await sh('rm x');
      expect(await checkpoint()).toMatchObject({ commit: fixture.commit, pack: null });
    });

    test('a file of the same size with its times set back is seen as changed', async () => {
      await sh(
        'touch -r dir/file /tmp/stamp; printf INSIDE > dir/file; echo >> dir/file; touch -r /tmp/stamp dir/file',
      );
      expect((await checkpoint()).filesChanged).toBe(1);
    });

    test('a new file in a directory whose times were set back is seen', async () => {
      await checkpoint();
      await sh('touch -r dir /tmp/stamp; echo x > dir/new; touch -r /tmp/stamp dir');
      expect((await checkpoint()).filesChanged).toBe(1);
    });

    test('names with newlines, quotes, spaces and bytes that are no UTF-8 are kept', async () => {
      const odd = ['new\nline', 'quo"te', ' lead', 'b\\s', '-dash', '\xff\xfe'];
      for (const file of odd)
        await sh('', { argv: ['python3', '-c', `open(${bytesOf(file)}, 'w').write('x')`] });
      const { commit } = await keep();
      expect(names(commit)).toEqual(expect.arrayContaining(odd));
    });

    test('ignored files stay out, by rules of the workspace alone', async () => {
      await sh(
        'mkdir ignored; echo x > ignored/x; echo x > a.log; echo x > ~/.gitignore; echo "*" > ~/.config; echo x > seen',
      );
      const { commit } = await keep();
      expect(names(commit)).toContain('seen');
      expect(names(commit)).not.toEqual(expect.arrayContaining(['ignored/x', 'a.log']));
    });

    test('an untracked file above the limit is left out and named; a tracked one that has grown is kept', async () => {
      await sh('head -c 200000 /dev/zero > big; head -c 200000 /dev/zero > README.md');
      const made = await keep();
      expect(made.leftOut).toEqual([{ path: 'big', reason: 'too_large' }]);
      expect(content(made.commit, 'README.md').length).toBe(200_000);
    });

    test('FIFOs, sockets and what stands in the place of a tracked file are left out and named', async () => {
      await sh(
        'mkfifo pipe; mkdir s; python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\'s/sock\')"; rm dir/file; mkfifo dir/file; mkdir ignored; mkfifo ignored/p',
      );
      const made = await keep();
      expect(made.leftOut).toEqual([
        { path: 'dir/file', reason: 'special_file' },
        { path: 'pipe', reason: 'special_file' },
        { path: 's/sock', reason: 'special_file' },
      ]);
      expect(names(made.commit)).not.toContain('dir/file');
    });

    test('a nested repository is recorded as files, with its own rules, and nothing of it runs', async () => {
      await sh(
        [
          'mkdir -p nested/in && cd nested && git init -q && echo n > n && echo x > in/x && echo no > no.log && echo "*.log" > .gitignore',
          `git config core.fsmonitor "touch ${outside}/ran; touch /tmp/ran"`,
          `git config filter.x.clean "touch ${outside}/ran" && echo "* filter=x" > .gitattributes`,
          'mkdir deeper && cd deeper && git init -q && echo d > d',
          // Old directories: git's cache of untracked files trusts what it knows of them.
          'cd /workspace && touch -d 2020-01-01 nested/deeper nested/in nested .',
        ].join('\n'),
      );
      const made = await keep();
      const expected = [
        'nested/.gitattributes',
        'nested/.gitignore',
        'nested/deeper/d',
        'nested/in/x',
        'nested/n',
      ];
      expect(names(made.commit).filter((path) => path.startsWith('nested'))).toEqual(expected);
      expect(git(fixture.gitDir, 'ls-tree', '-r', made.commit)).not.toContain('160000');
      expect(readdirSync(outside)).toEqual([]);
      await restore(fixture.commit);
      expect((await sh('ls -d nested')).status).toBe('failed');
    });

    test('an empty nested repository stops nothing', async () => {
      await sh('git init -q empty-repo; echo x > x');
      expect((await checkpoint()).filesChanged).toBe(1);
    });

    test('a .git file that points elsewhere is not followed', async () => {
      await sh(`mkdir away && echo "gitdir: ${outside}" > away/.git && echo f > away/f`);
      const made = await keep();
      expect(names(made.commit)).toContain('away/f');
      expect(readdirSync(outside)).toEqual([]);
    });

    test('hooks, filters, monitors and configuration planted in the workspace are never run outside', async () => {
      await sh(
        [
          `printf '[core]\\n fsmonitor = touch ${outside}/ran\\n hooksPath = hooks\\n[filter "x"]\\n clean = touch ${outside}/ran\\n' > .gitconfig`,
          'cp .gitconfig ~/.gitconfig',
          `mkdir hooks && printf '#!/bin/sh\\ntouch ${outside}/ran\\n' > hooks/pre-commit && chmod +x hooks/pre-commit`,
          'printf "* filter=x diff=x\\n" > .gitattributes',
          'printf "[submodule \\"x\\"]\\n bad" > .gitmodules',
        ].join('\n'),
      );
      const made = await keep();
      expect(names(made.commit)).toEqual(
        expect.arrayContaining(['.gitconfig', '.gitmodules', 'hooks/pre-commit']),
      );
      expect(readdirSync(outside)).toEqual([]);
    });

    test('a directory that has become a link out is recorded as a link, and nothing behind it is read', async () => {
      mkdirSync(join(outside, 'behind'), { recursive: true });
      gitWith(outside, { input: 'secret\n' }, 'hash-object', '--stdin');
      await sh('rm -r dir sub/deep; ln -s /usr dir; ln -s / sub/deep');
      const made = await keep();
      expect(mode(made.commit, 'dir')).toBe('120000');
      expect(
        names(made.commit).filter((path) => path.startsWith('dir/') || path.startsWith('sub/deep/')),
      ).toEqual([]);
      rmSync(join(outside, 'behind'), { recursive: true });
    });

    test('a file where a directory was, and the other way round', async () => {
      await sh('rm -r dir && echo f > dir; rm README.md && mkdir README.md && echo x > README.md/x');
      const made = await keep();
      expect(names(made.commit)).toEqual(expect.arrayContaining(['dir', 'README.md/x']));
    });

    test('a directory that swings between itself and a link while it is read leads nowhere', async () => {
      await sh(
        '(while :; do mv dir dir2; ln -s / dir; rm dir; mv dir2 dir; done) >/dev/null 2>&1 & (while :; do echo $$ >> noise; done) & sleep 0.1',
      );
      for (let round = 0; round < 5; round += 1) await checkpoint();
      expect(
        (await sh('echo alive; pkill -f noise; kill $(ps -e -o pid=,args= | awk "/while/ {print \\$1}")'))
          .text,
      ).toContain('alive');
    });

    test('a checkpoint shows one moment: files that are written in turn agree', async () => {
      const writer =
        "import os; a, b = (os.open(n, os.O_CREAT | os.O_RDWR) for n in ('1st', '2nd')); i = 0\nwhile True:\n  i += 1; t = b'%09d' % i; os.pwrite(a, t, 0); os.pwrite(b, t, 0)\n";
      await sh('cat > /tmp/turns.py; python3 /tmp/turns.py & until [ -s 2nd ]; do sleep 0.05; done', {
        stdin: Buffer.from(writer),
      });
      for (let round = 0; round < 3; round += 1) {
        const { commit } = await keep();
        const ahead = Number(content(commit, '1st')) - Number(content(commit, '2nd'));
        expect([0, 1]).toContain(ahead);
      }
      await sh('pkill -f turns.py');
    });

    test('a checkpoint shows one moment of a chain of processes too, each of which forks and ends', async () => {
      const chain = `
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main() {
  int a = open("1st", O_CREAT | O_RDWR, 0644), b = open("2nd", O_CREAT | O_RDWR, 0644);
  char text[12];
  for (int i = 0; access("/tmp/enough", F_OK); i++) {
    sprintf(text, "%09d", i);
    pwrite(a, text, 9, 0);
    pwrite(b, text, 9, 0);
    usleep(50);
    if (fork() > 0) _exit(0);
  }
}`;
      await sh(
        'cat > /tmp/chain.c; cc -o /tmp/chain /tmp/chain.c; /tmp/chain & until [ -s 2nd ]; do :; done',
        {
          stdin: Buffer.from(chain),
        },
      );
      const seen: number[] = [];
      for (let round = 0; round < 4; round += 1) {
        const { commit } = await keep();
        seen.push(Number(content(commit, '1st')));
        expect([0, 1]).toContain(Number(content(commit, '1st')) - Number(content(commit, '2nd')));
      }
      // It went on in between: what ends at once would prove nothing.
      expect(new Set(seen).size).toBe(4);
      await sh('touch /tmp/enough; while pgrep -x chain; do :; done');
    });

    test('a parent that waits for its child in vfork for ever holds up no checkpoint', async () => {
      const waiter = '#include <unistd.h>\nint main() { if (vfork() == 0) for (;;) pause(); }';
      await sh('cat > /tmp/wait.c; cc -o /tmp/waiting /tmp/wait.c; /tmp/waiting & sleep 0.2', {
        stdin: Buffer.from(waiter),
      });
      expect((await checkpoint()).pack).toBeNull();
      await sh('pkill -9 -x waiting');
    });

    test('a parent that is unknown is refused', async () => {
      await expect(checkpoint(commitOf('1'.repeat(40)))).rejects.toMatchObject({
        code: 'checkpoint.invalid',
      });
    });

    test('restore makes the workspace equal to the commit; ignored files stay, all others go', async () => {
      await sh(
        'echo more >> README.md; rm dir/file; echo x > x; mkdir -p a/b; echo y > a/b/y; mkdir ignored; echo i > ignored/i; chmod +x crlf.txt',
      );
      await restore(fixture.commit);
      expect(await checkpoint()).toMatchObject({ commit: fixture.commit, pack: null });
      expect((await sh('cat ignored/i; ls a x')).text).toMatch(/^i\n/);
      expect((await sh('git status --porcelain')).text).toBe('');
    });

    test('restore goes to a checkpoint and back, and the next checkpoint builds on it', async () => {
      await sh('echo one > one; rm dir/file');
      const first = await keep();
      await restore(fixture.commit);
      expect((await sh('ls one')).status).toBe('failed');
      await restore(first.commit);
      expect((await sh('cat one; ls dir')).text).toMatch(/^one\n/);
      expect(await checkpoint(first.commit)).toMatchObject({ commit: first.commit, pack: null });
    });

    test('restore never writes through a link that commands have planted', async () => {
      await sh(
        `rm -r dir sub; ln -s ${outside} dir; ln -s /tmp sub; mkdir /tmp/deep; rm README.md; ln -s ${outside}/target README.md`,
      );
      await restore(fixture.commit);
      expect(readdirSync(outside)).toEqual([]);
      expect(
        (await sh('ls /tmp/deep; cat dir/file README.md; test -L dir || test -L README.md || echo plain'))
          .text,
      ).toBe('inside\n# Sample\nplain\n');
    });

    test('restore works over directories that commands have closed', async () => {
      await sh('mkdir closed; echo x > closed/x; chmod 000 closed dir; chmod 000 README.md');
      await restore(fixture.commit);
      expect((await sh('cat dir/file README.md; ls closed')).text).toMatch(/^inside\n# Sample\n/);
    });

    test('restore to a commit that nobody has is refused and changes nothing', async () => {
      await sh('echo x > kept');
      await expect(restore(commitOf('2'.repeat(40)))).rejects.toMatchObject({ code: 'checkpoint.invalid' });
      expect((await sh('cat kept')).text).toBe('x\n');
    });

    test('restore waits for a step that runs', async () => {
      const running = sh('echo w > w; sleep 0.5; cat w');
      await sh('until [ -e w ]; do sleep 0.02; done');
      await restore(fixture.commit);
      expect((await running).text).toBe('w\n');
    });
  });
}

function bytesOf(text: string): string {
  return `bytes([${[...Buffer.from(text, 'latin1')].join(',')}])`;
}
