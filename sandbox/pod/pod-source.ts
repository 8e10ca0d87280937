import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { LonghaulError } from '../../contracts/error.ts';
import { podPlace } from './places.ts';

const environment = {
  PATH: '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_DIR: podPlace.source,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
} as const;

/** The repository whose objects come from the worker. */
export interface PodSource {
  has(commit: string): Promise<boolean>;
  /** Takes a pack in, checked by git. The same one twice is fine. */
  receive(pack: Buffer): Promise<void>;
}

export function makePodSource(commit: string, shallow: string): PodSource {
  for (const name of ['objects/info', 'objects/pack', 'refs/heads'])
    mkdirSync(path.join(podPlace.source, name), { recursive: true });
  const format = commit.length === 64 ? '1\n[extensions]\nobjectFormat = sha256' : '0';
  writeFileSync(
    path.join(podPlace.source, 'config'),
    `[core]\nbare = true\nrepositoryformatversion = ${format}\n`,
  );
  writeFileSync(path.join(podPlace.source, 'HEAD'), `${commit}\n`);
  if (shallow !== '') writeFileSync(path.join(podPlace.source, 'shallow'), shallow);
  return {
    has: async (wanted) => (await git(['cat-file', '-e', `${wanted}^{tree}`])).exitCode === 0,
    async receive(pack) {
      const { exitCode, stderr } = await git(['index-pack', '--stdin', '--fix-thin', '--strict'], pack);
      if (exitCode === 0) return;
      throw new LonghaulError('sandbox.start_failed', `The source could not be taken in: ${stderr.trim()}`);
    },
  };
}

async function git(args: readonly string[], stdin?: Buffer) {
  const child = spawn('git', [...args], { cwd: '/', env: { ...environment }, stdio: 'pipe' });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin ?? '');
  child.stdout.resume();
  const exit = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  });
  const [exitCode, stderr] = await Promise.all([exit, text(child.stderr)]);
  return { exitCode, stderr };
}
