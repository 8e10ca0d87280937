import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { git, gitWith } from '../helpers/git-fixture.ts';
import {
  acquire,
  checkpointOf,
  type MakeSandbox,
  nextLease,
  run,
  type SandboxFixture,
} from './sandbox-support.ts';

/** Changes of a size for which a sandbox may go another way. */
export function sandboxManyFiles(name: string, make: MakeSandbox): void {
  describe(`${name}: many files`, () => {
    let fixture: SandboxFixture;
    const leaseId = nextLease();
    beforeAll(async () => {
      fixture = await make();
      await acquire(fixture, leaseId);
    });
    afterAll(async () => {
      await fixture.sandbox.release(leaseId);
      await fixture.cleanup();
    });

    test('hundreds of changed files are all in the checkpoint, each with its lines counted', async () => {
      const keep = async (line: string, parent = fixture.commit) => {
        expect((await run(fixture, leaseId, line)).status).toBe('ok');
        const { pack, ...made } = await checkpointOf(fixture, leaseId, parent);
        gitWith(fixture.gitDir, { input: pack ?? '' }, 'index-pack', '--stdin', '--strict');
        return made;
      };
      const content = (commit: string, path: string) =>
        git(fixture.gitDir, 'cat-file', 'blob', `${commit}:${path}`);
      const first = await keep(
        'mkdir many; for i in $(seq 300); do printf "%s\\nline\\n" $i > many/$i; done; : > many/empty',
      );
      expect(first).toMatchObject({ filesChanged: 301, linesChanged: 600 });
      expect(content(first.commit, 'many/217')).toBe('217\nline');
      expect(content(first.commit, 'many/empty')).toBe('');
      const second = await keep('for i in $(seq 300); do echo more >> many/$i; done', first.commit);
      expect(second).toMatchObject({ filesChanged: 300, linesChanged: 300 });
      expect(content(second.commit, 'many/300')).toBe('300\nline\nmore');
    });

    test('a checkpoint names what lies deeper than any path may, and takes the rest', async () => {
      await fixture.sandbox.restore(leaseId, { gitDir: fixture.gitDir, commit: fixture.commit });
      const deeper = 'mkdir -p "$d" && cd -P "$d" || exit 1';
      const deep = `d=$(printf '%0200d' 0); echo y > beside; for i in $(seq 60); do ${deeper}; done; echo x > file`;
      expect((await run(fixture, leaseId, deep)).status).toBe('ok');
      const { leftOut, filesChanged } = await checkpointOf(fixture, leaseId);
      expect(leftOut.map(({ path, reason }) => [path.length, reason])).toEqual([
        [19 * 201 - 1, 'path_too_long'],
      ]);
      expect(filesChanged).toBe(1);
      await run(fixture, leaseId, 'echo "0*" > .gitignore');
      expect((await checkpointOf(fixture, leaseId)).leftOut).toEqual([]);
    });

    test('restore removes directories that are deeper than any path may be', async () => {
      const deeper = 'mkdir -p "$d" && cd -P "$d" || exit 1';
      const deep = `d=$(printf '%0200d' 0); for i in $(seq 60); do ${deeper}; done; echo x > file`;
      expect((await run(fixture, leaseId, deep)).status).toBe('ok');
      await fixture.sandbox.restore(leaseId, { gitDir: fixture.gitDir, commit: fixture.commit });
      expect((await run(fixture, leaseId, 'ls -d 0*')).status).toBe('failed');
      expect(await checkpointOf(fixture, leaseId)).toMatchObject({ commit: fixture.commit, pack: null });
    });
  });
}
