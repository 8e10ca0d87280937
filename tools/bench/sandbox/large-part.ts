import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CommitIdSchema } from '../../../contracts/ids.ts';
import { largeRepository } from '../large-repository.ts';
import type { PodWorld } from './pod-world.ts';
import { progress, type Row, timed, times, unit } from './table.ts';

const run = promisify(execFile);
const files = 100_000;
/** Packs of about 110 MB. */
const averageBytes = 2_200;
const checkpoints = 7;

/** A repository of 100,000 files: ready in a pod against a checkout of the same tree here, checkpoints and restores. */
export async function largeInPod(world: PodWorld): Promise<readonly Row[]> {
  progress('the repository of 100,000 files (made once)');
  const { path: gitDir } = await largeRepository(files, averageBytes);
  const { stdout } = await run('git', ['--git-dir', gitDir, 'rev-parse', 'main']);
  const commit = CommitIdSchema.parse(stdout.trim());
  const rows: Row[] = [];
  const time = async (what: string, aim: string, work: () => Promise<unknown>): Promise<number> => {
    const ms = await timed(work);
    progress(`${what}: ${unit(ms)}`);
    rows.push({ what, found: unit(ms), aim });
    return ms;
  };
  const tree = join(world.home, 'tree');
  const git = (...args: readonly string[]) =>
    run('git', ['--git-dir', gitDir, '-c', 'checkout.workers=0', ...args]);
  await time('100,000 files: git worktree add on this machine', '', () =>
    git('worktree', 'add', '--quiet', '--detach', tree, commit),
  );
  await git('worktree', 'remove', '--force', tree);
  const leaseId = world.nextLease();
  await time('100,000 files: cold lease', "one checkout's time", () =>
    world.acquire(leaseId, { gitDir, commit }),
  );
  await time('100,000 files: first git status of a command', '', () =>
    world.shell(leaseId, 'git status --porcelain | head -1'),
  );
  const make = () =>
    world.sandbox.checkpoint(leaseId, { parent: commit, message: 'bench\n', timestampMs: 1_767_225_600_000 });
  await make();
  const none: number[] = [];
  const one: number[] = [];
  for (let round = 0; round < checkpoints; round += 1) {
    none.push(await timed(make));
    await world.shell(leaseId, `echo ${round} >> packages/p0/src/area0/unit10.ts`);
    one.push(await timed(make));
  }
  rows.push({
    what: '100,000 files: checkpoint, nothing changed since the last',
    found: times(none),
    aim: 'under 0.5 s',
  });
  rows.push({ what: '100,000 files: checkpoint, 1 file changed', found: times(one), aim: 'under 0.5 s' });
  await time('100,000 files: restore', '', () => world.sandbox.restore(leaseId, { gitDir, commit }));
  await time('100,000 files: release', '', () => world.sandbox.release(leaseId));
  return rows;
}
