import { existsSync } from 'node:fs';
import { delimiter, isAbsolute, join, relative, sep } from 'node:path';

/**
 * What a person can type to call this program again: its name where the PATH has it, else the path of the executable, from the folder
 * that they are in when it lies below.
 */
export function programName(executable: string, path: string, workingDirectory: string): string {
  const onPath = path
    .split(delimiter)
    .some((folder) => isAbsolute(folder) && existsSync(join(folder, 'longhaul')));
  if (onPath) return 'longhaul';
  const below = relative(workingDirectory, executable);
  return below.startsWith('..') || isAbsolute(below) ? executable : `.${sep}${below}`;
}
