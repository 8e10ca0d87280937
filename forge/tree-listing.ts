import type { TreeEntry } from '../contracts/task-repository.ts';
import type { Git } from './git.ts';
import { expectOk } from './git-errors.ts';
import { decodeName } from './names.ts';

export interface ListedEntry extends TreeEntry {
  /** The name has control characters or is not UTF-8. */
  readonly unusual: boolean;
}

/** All entries below a commit or tree, in git's order, with sizes (0 for a submodule). One git process. */
export async function listTree(git: Git, gitDir: string, tree: string): Promise<readonly ListedEntry[]> {
  const result = await git({ gitDir, args: ['ls-tree', '-r', '-z', '-l', '--full-tree', tree] });
  return parseListing(
    expectOk(`can't list the tree of ${tree} in ${gitDir}`, result, 'repository.changed').stdout,
  );
}

/** Parses `ls-tree -r -z -l`: `<mode> <type> <object> <size>\t<path>\0`. */
export function parseListing(bytes: Buffer): readonly ListedEntry[] {
  const entries: ListedEntry[] = [];
  for (let start = 0; start < bytes.length; ) {
    const tab = bytes.indexOf(0x09, start);
    const end = bytes.indexOf(0, tab);
    const [mode = '', , object = '', size = ''] = bytes.toString('latin1', start, tab).split(/ +/);
    const name = decodeName(bytes.subarray(tab + 1, end));
    entries.push({ ...name, mode: modeOf(mode), object, bytes: size === '-' ? 0 : Number(size) });
    start = end + 1;
  }
  return entries;
}

/** Old repositories hold modes such as 100664; git itself reads them as one of two. */
function modeOf(mode: string): TreeEntry['mode'] {
  if (mode === '120000' || mode === '160000') {
    return mode;
  }
  return (Number.parseInt(mode, 8) & 0o100) === 0 ? '100644' : '100755';
}
