import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { cacheDirectory } from '../../workers/state-dir.ts';
import { seededRandom } from './seeded-random.ts';

/** Part of the directory's name: raise it whenever the content changes. */
const version = 1;
const seed = 20261124;
const filesPerDirectory = 25;
const directoriesPerPackage = 40;
const poolBytes = 2 * 1024 * 1024;
const sliceBytes = 1024;

export interface LargeRepository {
  /** Bare. */
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
}

/**
 * A bare repository of `files` files of 10 KB on average, on branch main: packages of TypeScript with manifests and conventions. The same
 * numbers give the same commit. Made once, in about a minute for 100,000 files, in the user's cache.
 */
export async function largeRepository(files: number, averageBytes = 10_000): Promise<LargeRepository> {
  const root = join(cacheDirectory(), 'bench');
  const path = join(root, `large-v${version}-${files}-${averageBytes}.git`);
  if (!existsSync(path)) {
    mkdirSync(root, { recursive: true });
    const fresh = mkdtempSync(join(root, '.new-'));
    try {
      await run(['init', '--quiet', '--bare', '--initial-branch=main', fresh]);
      await importFiles(fresh, files, averageBytes);
      renameSync(fresh, path);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  return { path, files, bytes: files * averageBytes };
}

async function run(args: readonly string[]): Promise<void> {
  const [code] = await once(spawn('git', args, { stdio: ['ignore', 'ignore', 'inherit'] }), 'close');
  if (code !== 0) throw new Error(`git ${args[0]} ended with ${code}`);
}

async function importFiles(gitDir: string, files: number, averageBytes: number): Promise<void> {
  const settings = ['-c', 'core.compression=1', '-c', 'fastimport.unpackLimit=0'];
  const args = [...settings, '--git-dir', gitDir, 'fast-import', '--quiet', '--depth=0'];
  const child = spawn('git', args, { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = once(child, 'close');
  await write(
    child.stdin,
    'commit refs/heads/main\ncommitter Bench <bench@localhost> 1767225600 +0000\ndata 5\nFiles\n',
  );
  for (const [name, content] of fixedFiles) await writeFile(child.stdin, name, Buffer.from(content));
  const random = seededRandom(seed);
  const pool = textPool(random);
  for (let index = fixedFiles.length; index < files; index += 1) {
    const [name, content] = fileOf(index, { random, pool, averageBytes });
    await writeFile(child.stdin, name, content);
  }
  child.stdin.end('done\n');
  const [code] = await ended;
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
}

const fixedFiles: readonly (readonly [string, string])[] = [
  ['AGENTS.md', 'Small functions. Every change has a test. Packages import each other by name only.\n'],
  ['.gitignore', 'node_modules\ndist\n*.log\n'],
  ['package.json', '{ "name": "large", "private": true, "workspaces": ["packages/*"] }\n'],
];

interface Making {
  readonly random: () => number;
  readonly pool: Buffer;
  readonly averageBytes: number;
}

/** Three of four files are half of the average, the fourth makes up for it. */
function fileOf(index: number, { random, pool, averageBytes }: Making): readonly [string, Buffer] {
  const directory = Math.floor(index / filesPerDirectory);
  const name = `packages/p${Math.floor(directory / directoriesPerPackage)}/src/area${directory % directoriesPerPackage}/unit${index}.ts`;
  const bytes = Math.floor(averageBytes * (index % 4 === 3 ? 2.5 : 0.5));
  const parts: Buffer[] = [Buffer.from(`// unit ${index}\n`)];
  for (let left = bytes - 16; left > 0; left -= sliceBytes) {
    const at = Math.floor(random() * (pool.length - sliceBytes));
    parts.push(pool.subarray(at, at + Math.min(left, sliceBytes)));
  }
  return [name, Buffer.concat(parts)];
}

/** Lines that look and compress like code. */
function textPool(random: () => number): Buffer {
  const words = Array.from({ length: 3000 }, (_, index) => Math.floor((random() + index) * 1e9).toString(36));
  const word = () => words[Math.floor(random() * words.length)] ?? 'x';
  const lines: string[] = [];
  for (let bytes = 0; bytes < poolBytes; bytes += lines.at(-1)?.length ?? 1) {
    lines.push(`  const ${word()} = ${word()}(${word()}, ${Math.floor(random() * 1000)});\n`);
  }
  return Buffer.from(lines.join(''));
}

async function writeFile(into: Writable, name: string, content: Buffer): Promise<void> {
  await write(into, `M 100644 inline ${name}\ndata ${content.length}\n`);
  await write(into, content);
  await write(into, '\n');
}

async function write(into: Writable, piece: string | Buffer): Promise<void> {
  if (!into.write(piece)) await once(into, 'drain');
}
