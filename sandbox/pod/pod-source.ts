import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { podPlace } from './places.ts';
import { takePack } from './take-pack.ts';

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
  /** Takes in a pack of so many bytes, then its index, as they arrive. Whole or not at all; the same one twice is fine. */
  receive(packAndIndex: Readable, packBytes: number): Promise<void>;
}

export function makePodSource(commit: string, shallow: string): PodSource {
  for (const name of ['objects/info', 'objects/pack', 'refs/heads'])
    mkdirSync(path.join(podPlace.source, name), { recursive: true });
  const hash = commit.length === 64 ? 'sha256' : 'sha1';
  const format = hash === 'sha256' ? '1\n[extensions]\nobjectFormat = sha256' : '0';
  writeFileSync(
    path.join(podPlace.source, 'config'),
    `[core]\nbare = true\nrepositoryformatversion = ${format}\n`,
  );
  writeFileSync(path.join(podPlace.source, 'HEAD'), `${commit}\n`);
  if (shallow !== '') writeFileSync(path.join(podPlace.source, 'shallow'), shallow);
  return {
    has: async (wanted) => (await git(['cat-file', '-e', `${wanted}^{tree}`])).exitCode === 0,
    receive: (packAndIndex, packBytes) =>
      takePack(packAndIndex, { packBytes, hash, directory: path.join(podPlace.source, 'objects/pack') }),
  };
}

async function git(args: readonly string[]) {
  const child = spawn('git', [...args], {
    cwd: '/',
    env: { ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.resume();
  const exit = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  });
  const [exitCode, stderr] = await Promise.all([exit, text(child.stderr)]);
  return { exitCode, stderr };
}
