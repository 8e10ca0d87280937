import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceDirectory } from './paths.ts';

/** What the programs are made of: a change in one of these files builds them anew. */
const programFiles = [
  'kubernetes/go.mod',
  'kubernetes/go.sum',
  'kubernetes/main.go',
  'runtime/go.mod',
  'runtime/go.sum',
  'build-programs.ts',
];

/** What the images are made of. */
const imageFiles = ['images/contents.ts', 'images/root-file-systems.ts', 'images/archive.ts'];

function digest(files: readonly string[], more: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    const text = readFileSync(join(sourceDirectory, file));
    hash.update(`${file} ${text.length}\n`).update(text);
  }
  for (const text of [process.arch, ...more]) hash.update(`${text}\n`);
  return hash.digest('hex').slice(0, 16);
}

/** Names one set of programs: the same pins, the same folder of the cache. */
export const programsDigest = () => digest(programFiles, []);

/** Names one set of images. Debian's packages are not pinned: what its mirror has on the day of the build is in them. */
export const imagesDigest = () => digest(imageFiles, [process.version]);

/** The version of a Go module that one of the pinned modules requires. */
export function pinnedVersion(module: string, directory: 'kubernetes' | 'runtime'): string {
  const text = readFileSync(join(sourceDirectory, directory, 'go.mod'), 'utf8');
  const found = new RegExp(`^\\s+${module.replaceAll('.', '\\.')} (v\\S+)`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`${directory}/go.mod does not require ${module}`);
  return found;
}
