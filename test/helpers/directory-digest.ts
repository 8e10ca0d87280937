import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** One line for each entry below a directory: name, mode, time of change, digest. Two equal lists: nothing was touched. */
export function directoryDigest(
  directory: string,
  skip: (name: string) => boolean = () => false,
): readonly string[] {
  const inside = (name: string): readonly string[] =>
    readdirSync(join(directory, name))
      .sort()
      .map((child) => (name === '' ? child : `${name}/${child}`))
      .filter((child) => !skip(child))
      .flatMap(visit);
  const visit = (name: string): readonly string[] => {
    const path = join(directory, name);
    const found = lstatSync(path);
    const line = `${name} ${found.mode.toString(8)} ${found.mtimeMs}`;
    if (found.isDirectory()) {
      return [line, ...inside(name)];
    }
    return [`${line} ${found.isSymbolicLink() ? readlinkSync(path) : digest(path)}`];
  };
  return visit('');
}

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
