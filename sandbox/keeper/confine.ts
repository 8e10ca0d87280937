import { realpathSync } from 'node:fs';
import path from 'node:path';
import { mountArguments } from './bubblewrap.ts';
import { objectDirectories } from './git-directories.ts';
import { type Mount, systemMounts } from './root-files.ts';

/** Puts a trusted program's arguments behind those of bwrap. */
export type Confine = (program: string, args: readonly string[]) => readonly [string, ...string[]];

/**
 * Lets the keeper's own programs see the workspace and the keeper's repository, at their own paths, and the system's programs; nothing else
 * of the machine. Such a program looks at a path before it opens it: a directory that turns into a symbolic link in between, under the hands
 * of a command that was not stopped, then leads to a place that is not there. Stopping the commands alone is not relied upon.
 */
export function createConfine(deps: {
  readonly bwrap: string;
  readonly gitDir: string;
  readonly workTree: string;
}): Confine {
  const { bwrap, gitDir, workTree } = deps;
  const system = systemMounts([]);
  return (program, args) => {
    const lent = objectDirectories(gitDir).filter((directory) => !isBelow(directory, gitDir));
    const mounts: readonly Mount[] = [
      ...system,
      ...programMounts(program),
      ...lent.map((directory): Mount => ({ kind: 'read-only', from: directory, to: directory })),
      { kind: 'read-write', from: gitDir, to: gitDir },
      { kind: 'read-write', from: workTree, to: workTree },
    ];
    return [
      bwrap,
      '--unshare-user-try',
      '--unshare-net',
      '--die-with-parent',
      '--dev',
      '/dev',
      ...mounts.flatMap(mountArguments),
      '--chdir',
      workTree,
      '--',
      program,
      ...args,
    ];
  };
}

/** A program that lies elsewhere than in the system's directories. */
function programMounts(program: string): readonly Mount[] {
  const directory = path.dirname(realpathSync(program));
  if (['/usr', '/bin', '/opt'].some((known) => isBelow(directory, known))) return [];
  return [{ kind: 'read-only', from: directory, to: directory }];
}

function isBelow(place: string, directory: string): boolean {
  return place === directory || place.startsWith(`${directory}/`);
}
