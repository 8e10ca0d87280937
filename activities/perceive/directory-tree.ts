import type { TreeEntry } from '../../contracts/task-repository.ts';
import { languageOf } from './languages.ts';
import { isForeign } from './tree.ts';

/** A directory with what is in it, for the map. */
export interface Directory {
  readonly path: string;
  /** As shown: several levels in one where there is nothing else in between. */
  readonly name: string;
  readonly directories: readonly Directory[];
  readonly files: readonly string[];
  /** All files below. */
  readonly fileCount: number;
  /** Bytes of code of its own below, without what is vendored or generated. */
  readonly codeBytes: number;
  readonly foreign: boolean;
}

interface Draft {
  readonly directories: Map<string, Draft>;
  readonly files: TreeEntry[];
}

/** Makes a tree of directories out of a list of files, in the order of names. */
export function directoryTree(entries: readonly TreeEntry[]): Directory {
  const root: Draft = { directories: new Map(), files: [] };
  for (const entry of entries) {
    const parts = entry.path.split('/');
    parts.pop();
    let current = root;
    for (const part of parts) {
      const next = current.directories.get(part) ?? { directories: new Map(), files: [] };
      current.directories.set(part, next);
      current = next;
    }
    current.files.push(entry);
  }
  return finish(root, '', '');
}

function finish(draft: Draft, path: string, name: string): Directory {
  const [only] = draft.directories;
  if (path !== '' && draft.files.length === 0 && draft.directories.size === 1 && only !== undefined) {
    return finish(only[1], `${path}/${only[0]}`, `${name}/${only[0]}`);
  }
  const directories = [...draft.directories]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([child, next]) => finish(next, path === '' ? child : `${path}/${child}`, child));
  const foreign = isForeign(`${path}/x`);
  const own = draft.files.filter((file) => !isForeign(file.path) && languageOf(file.path) !== undefined);
  return {
    path,
    name,
    directories,
    files: draft.files.map((file) => file.path.slice(path === '' ? 0 : path.length + 1)).toSorted(),
    fileCount: draft.files.length + sum(directories.map(({ fileCount }) => fileCount)),
    codeBytes: sum(own.map(({ bytes }) => bytes)) + sum(directories.map(({ codeBytes }) => codeBytes)),
    foreign,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
