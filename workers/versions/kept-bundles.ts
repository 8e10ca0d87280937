import { copyFile, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerBuild } from '../build.ts';
import { diskError, ensurePrivateDirectory } from '../state-dir.ts';

/** As long as the embedded server keeps what it knows of a task. */
const keptForMs = 90 * 24 * 60 * 60 * 1000;

/**
 * Keeps a build's workflow code as `versions/<build>.js` in the home: an upgrade in place leaves nothing else of it, and a task that only
 * it can carry on would have no way to end. What no worker has run for 90 days goes. Throws `disk.full`, `disk.no_permission`.
 */
export async function keepBundle(home: string, { buildId, codePath }: WorkerBuild): Promise<void> {
  const directory = join(home, 'versions');
  const kept = join(directory, `${buildId}.js`);
  try {
    ensurePrivateDirectory(directory);
    if (kept !== codePath) {
      await copyFile(codePath, `${kept}.${process.pid}`);
      await rename(`${kept}.${process.pid}`, kept);
    }
    await utimes(kept, new Date(), new Date());
  } catch (error) {
    throw diskError(error, `write ${kept}`);
  }
  for (const name of await readdir(directory)) {
    const { mtimeMs } = await stat(join(directory, name)).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > keptForMs) await rm(join(directory, name), { force: true });
  }
}
