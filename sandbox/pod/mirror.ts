import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { podPlace } from './places.ts';

const environment = {
  PATH: '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_NO_LAZY_FETCH: '1',
} as const;

/**
 * Takes from the repositories of a volume what the first of these commits reaches that one of them has, and gives that commit; null when none has
 * any. Only that is taken: what else a mirror holds, other branches or repositories, is not for the agent to see, so it is not lent whole. A
 * mirror that is shallow or partial is passed over. `into` is the bare repository that gets it.
 */
export async function takeFromMirror(
  commits: readonly string[],
  into: string = podPlace.source,
  volume: string = podPlace.mirror,
): Promise<string | null> {
  for (const objects of wholeRepositories(volume)) {
    const git = { GIT_DIR: into, GIT_ALTERNATE_OBJECT_DIRECTORIES: objects };
    const found = await firstOf(commits, git);
    if (found === null) continue;
    const options = ['--revs', '-q', '--delta-base-offset', path.join(into, 'objects/pack/pack')];
    const { exitCode } = await run(['pack-objects', ...options], `${found}\n`, git);
    // One that lacks what it should have is of no use: the worker sends all.
    if (exitCode === 0) return found;
  }
  return null;
}

/** Object directories of the volume: itself a repository, or a directory of some, bare or not. */
function wholeRepositories(volume: string): readonly string[] {
  if (!existsSync(volume)) return [];
  const places = ['.', ...readdirSync(volume)].flatMap((name) => [name, path.join(name, '.git')]);
  return places
    .map((place) => path.join(volume, place))
    .filter((place) => existsSync(path.join(place, 'objects/pack')) && isWhole(place))
    .map((place) => path.join(place, 'objects'));
}

function isWhole(repository: string): boolean {
  if (existsSync(path.join(repository, 'shallow'))) return false;
  return !readdirSync(path.join(repository, 'objects/pack')).some((name) => name.endsWith('.promisor'));
}

async function firstOf(
  commits: readonly string[],
  git: Readonly<Record<string, string>>,
): Promise<string | null> {
  const asked = commits.map((commit) => `${commit}^{commit}\n`).join('');
  const { stdout } = await run(['cat-file', '--batch-check=%(objectname) %(objecttype)'], asked, git);
  return (
    stdout
      .split('\n')
      .find((line) => line.endsWith(' commit'))
      ?.split(' ')[0] ?? null
  );
}

async function run(args: readonly string[], stdin: string, git: Readonly<Record<string, string>>) {
  const env = { ...environment, ...git };
  const child = spawn('git', [...args], { cwd: '/', env, stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const exit = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  });
  const [exitCode, stdout] = await Promise.all([exit, text(child.stdout)]);
  return { exitCode, stdout };
}
