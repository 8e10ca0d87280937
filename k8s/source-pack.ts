import { execFile } from 'node:child_process';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { LonghaulError } from '../contracts/error.ts';
import type { CommitId } from '../contracts/ids.ts';

const run = promisify(execFile);
const readBytes = 1024 * 1024;

const environment = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

/** A pack and its index, in files that are gone with it. */
export interface SourcePack extends Disposable {
  readonly packBytes: number;
  readonly indexBytes: number;
  /** The pack, then the index. From the start at each call. */
  stream(): Readable;
}

/**
 * The objects of a commit, without those of another that the other side has. Git makes the index while it packs: making it on the other
 * side would unpack and hash everything there once more. `directory` is where the files lie meanwhile. Throws `checkpoint.invalid`.
 */
export async function sourcePack(
  gitDir: string,
  commit: CommitId,
  without: CommitId | null,
  directory: string,
): Promise<SourcePack> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const own = mkdtempSync(path.join(directory, 'pack-'));
  const remove = (): void => rmSync(own, { recursive: true, force: true });
  try {
    const name = path.join(own, `pack-${await pack(gitDir, commit, without, path.join(own, 'pack'))}`);
    const files = [`${name}.pack`, `${name}.idx`] as const;
    return {
      packBytes: statSync(files[0]).size,
      indexBytes: statSync(files[1]).size,
      stream: () => Readable.from(bytesOf(files), { objectMode: false, highWaterMark: readBytes }),
      [Symbol.dispose]: remove,
    };
  } catch (error) {
    remove();
    const found = error instanceof Error ? error.message : String(error);
    throw new LonghaulError(
      'checkpoint.invalid',
      `Commit ${commit} of ${gitDir} cannot be packed: ${found}`,
      { cause: error },
    );
  }
}

async function pack(
  gitDir: string,
  commit: CommitId,
  without: CommitId | null,
  into: string,
): Promise<string> {
  const options = ['--revs', '-q', '--delta-base-offset', '--index-version=2'];
  const packing = run('git', ['--git-dir', gitDir, 'pack-objects', ...options, into], { env: environment });
  packing.child.stdin?.on('error', () => undefined);
  packing.child.stdin?.end(without === null ? `${commit}\n` : `${commit}\n^${without}\n`);
  return (await packing).stdout.trim();
}

async function* bytesOf(files: readonly string[]): AsyncGenerator<Buffer> {
  for (const file of files) yield* createReadStream(file, { highWaterMark: readBytes });
}

const mostAncestors = 20_000;
const newest = 256;
const every = 100;

/** A commit and some of its ancestors, newest first: the last 256, and of the others each hundredth. */
export async function someAncestors(gitDir: string, commit: CommitId): Promise<readonly string[]> {
  const args = ['--git-dir', gitDir, 'rev-list', `--max-count=${mostAncestors}`, commit];
  const { stdout } = await run('git', args, { env: environment, maxBuffer: mostAncestors * 66 });
  const commits = stdout.trim().split('\n');
  return commits.filter((_, index) => index < newest || index % every === 0);
}

/** Where the history of a shallow repository ends; empty for a whole one. */
export function shallowEnds(gitDir: string): string {
  const file = path.join(gitDir, 'shallow');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
