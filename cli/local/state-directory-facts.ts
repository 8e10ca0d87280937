import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DoctorFacts } from '../platform.ts';

const othersMayRead = 0o077;

/** What can be told of the state directory without making it. */
export async function stateDirectoryFacts(path: string): Promise<DoctorFacts['stateDirectory']> {
  const found = await stat(path).catch(() => null);
  const nearest = found === null ? await nearestFolder(path) : path;
  const writable = await access(nearest, constants.W_OK).then(
    () => true,
    () => false,
  );
  const disk = await statfs(nearest).catch(() => null);
  return {
    path,
    exists: found !== null,
    writable: writable && (found === null || found.isDirectory()),
    shared: found !== null && (found.mode & othersMayRead) !== 0,
    freeBytes: disk === null ? null : disk.bavail * disk.bsize,
  };
}

async function nearestFolder(path: string): Promise<string> {
  let current = path;
  for (;;) {
    const parent = dirname(current);
    if (parent === current || (await stat(parent).catch(() => null)) !== null) return parent;
    current = parent;
  }
}
