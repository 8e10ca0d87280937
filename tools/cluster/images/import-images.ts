import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RunPaths } from '../paths.ts';
import { imagesDigest } from '../pins.ts';

export interface Importing {
  readonly paths: RunPaths;
  readonly programs: string;
  readonly files: readonly string[];
  /** containerd's client. */
  readonly ctr: (...args: string[]) => Promise<string>;
}

const mark = (paths: RunPaths) => join(paths.containerd, 'longhaul-images');

/** Which images are unpacked, and by which containerd. */
function wanted({ programs, files }: Importing): string {
  return [imagesDigest(), basename(programs), ...files.map((file) => basename(file)), ''].join('\n');
}

function isImported(importing: Importing): boolean {
  const file = mark(importing.paths);
  return existsSync(file) && readFileSync(file, 'utf8') === wanted(importing);
}

/** Before containerd starts: what another version unpacked, or one that was interrupted, goes away. */
export function discardOtherImages(importing: Importing): void {
  if (!isImported(importing)) rmSync(importing.paths.containerd, { recursive: true, force: true });
}

/** Unpacks the images where they are not yet. */
export async function importOnce(importing: Importing): Promise<void> {
  if (isImported(importing)) return;
  for (const file of importing.files) await importing.ctr('images', 'import', '--digests', file);
  writeFileSync(mark(importing.paths), wanted(importing));
}
