import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RunPaths } from '../paths.ts';
import { imagesDigest } from '../pins.ts';

export interface ImageFile {
  readonly file: string;
  readonly reference: string;
}

export interface Importing {
  readonly paths: RunPaths;
  readonly programs: string;
  readonly files: readonly ImageFile[];
  /** containerd's client. */
  readonly ctr: (...args: string[]) => Promise<string>;
}

const mark = (paths: RunPaths) => join(paths.containerd, 'longhaul-images');

/** Which images are unpacked, and by which containerd. */
function wanted({ programs, files }: Importing): string {
  return [imagesDigest(), basename(programs), ...files.map(({ file }) => basename(file)), ''].join('\n');
}

function isImported(importing: Importing): boolean {
  const file = mark(importing.paths);
  return existsSync(file) && readFileSync(file, 'utf8') === wanted(importing);
}

/** Before containerd starts: what another version unpacked, or one that was interrupted, goes away. */
export async function discardOtherImages(importing: Importing): Promise<void> {
  if (!isImported(importing)) await rm(importing.paths.containerd, { recursive: true, force: true });
}

/** Unpacks the images where they are not yet. */
export async function importOnce(importing: Importing): Promise<void> {
  if (isImported(importing)) return;
  for (const { file, reference } of importing.files) {
    // Also by digest, as pods of tasks name their image: `localhost/longhaul/task@sha256:…`.
    const repository = reference.slice(0, reference.lastIndexOf(':'));
    await importing.ctr('images', 'import', '--digests', '--base-name', repository, file);
  }
  writeFileSync(mark(importing.paths), wanted(importing));
}
