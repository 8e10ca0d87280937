import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { onTestFinished } from 'vitest';

const isRoot = process.getuid?.() === 0;

/** Why a test that needs its own disk is skipped; undefined when it can run. */
export const noDiskReason = isRoot && process.platform === 'linux' ? undefined : 'only root may mount a disk';

/** Mounts a disk of some size in memory at `path`, made if need be, until the running test has finished. */
export function mountSmallDisk(path: string, bytes: number): { readonly makeReadOnly: () => void } {
  mkdirSync(path, { recursive: true });
  mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'longhaul-test', path);
  onTestFinished(() => {
    spawnSync('umount', ['-l', path]);
  });
  return { makeReadOnly: () => mount('-o', 'remount,ro', path) };
}

function mount(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`mount ${args.join(' ')} failed: ${stderr}`);
  }
}
