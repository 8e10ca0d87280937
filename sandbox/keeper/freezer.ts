import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Freezer } from '../processes.ts';

/** Words of freezer-subsystem (version 1) and of cgroup-v2 in the kernel's documentation. */
const kinds = [
  { file: 'freezer.state', on: 'FROZEN', off: 'THAWED', shows: 'freezer.state', frozen: /^FROZEN$/m },
  { file: 'cgroup.freeze', on: '1', off: '0', shows: 'cgroup.events', frozen: /^frozen 1$/m },
] as const;

/** The freezer of a control group of either version; null where the group has none. */
export function groupFreezer(directory: string): Freezer | null {
  const kind = kinds.find(({ file }) => existsSync(path.join(directory, file)));
  if (kind === undefined) return null;
  const write = (value: string): void => writeFileSync(path.join(directory, kind.file), value);
  const read = (name: string): string => readFileSync(path.join(directory, name), 'latin1');
  return {
    freeze: () => write(kind.on),
    isFrozen: () => kind.frozen.test(read(kind.shows)),
    // Numbers of another process namespace read as 0.
    pids: () => read('cgroup.procs').split('\n').map(Number).filter(Boolean),
    thaw() {
      try {
        write(kind.off);
      } catch {
        // The group went with its sandbox.
      }
    },
  };
}

/** Wakes groups that a keeper has left frozen: version 1 lets nothing in them die. */
export function thawGroups(directories: readonly string[]): void {
  for (const directory of directories) groupFreezer(directory)?.thaw();
}
