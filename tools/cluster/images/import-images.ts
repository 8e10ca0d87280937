import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RunPaths } from '../paths.ts';
import { imagesDigest } from '../pins.ts';
import { ClusterProblem } from '../problem.ts';

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

// Another number where images are unpacked or named in another way.
const form = 2;

/** Which images are unpacked, and by which containerd. */
function wanted({ programs, files }: Importing): string {
  return [form, imagesDigest(), basename(programs), ...files.map(({ file }) => basename(file)), ''].join(
    '\n',
  );
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
    await importing.ctr('images', 'import', file);
    await nameByDigest(reference, importing.ctr);
  }
  writeFileSync(mark(importing.paths), wanted(importing));
}

/** A second name, as the pods of tasks name their image: `localhost/longhaul/task@sha256:…`. */
async function nameByDigest(reference: string, ctr: Importing['ctr']): Promise<void> {
  const listed = await ctr('images', 'list', `name==${reference}`);
  const digest = /\ssha256:[0-9a-f]{64}\s/.exec(listed)?.[0].trim();
  if (digest === undefined) throw new ClusterProblem(`containerd does not list ${reference}:\n${listed}`);
  const repository = reference.slice(0, reference.lastIndexOf(':'));
  await ctr('images', 'tag', '--force', reference, `${repository}@${digest}`);
}
