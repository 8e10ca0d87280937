import { type Directory, directoryTree } from './directory-tree.ts';
import { isUnder, plainPath, type Tree } from './tree.ts';

export interface RepositoryMap {
  readonly text: string;
  /** At four bytes a token. */
  readonly tokens: number;
  /** Directories whose content did not fit. */
  readonly closed: number;
}

const bytesPerToken = 4;
const maxFilesShown = 40;

/**
 * The directories and files of a repository as an indented list of at most `budgetTokens`. What tells most is opened first: the way to the
 * task's paths and what is below them, then directories near the root with much code of their own; vendored and generated ones stay closed.
 * The same tree gives the same map.
 */
export function repositoryMap(
  tree: Pick<Tree, 'entries'>,
  options: { readonly paths: readonly string[]; readonly budgetTokens: number },
): RepositoryMap {
  const root = directoryTree(tree.entries);
  const scopes = options.paths.map(plainPath).filter((path) => path !== '');
  const budgetBytes = options.budgetTokens * bytesPerToken;
  const open = chooseOpen(root, scopes, budgetBytes);
  const lines = render(root, open, 0);
  const text = cut(lines, budgetBytes);
  const closed = countClosed(root, open);
  return { text, tokens: Math.ceil(Buffer.byteLength(text) / bytesPerToken), closed };
}

interface Waiting {
  readonly directory: Directory;
  readonly depth: number;
}

function chooseOpen(root: Directory, scopes: readonly string[], budgetBytes: number): ReadonlySet<Directory> {
  const open = new Set<Directory>([root]);
  let left = budgetBytes - costOf(root, 0);
  // The best last, so that taking it is cheap.
  const waiting: Waiting[] = [];
  const add = (directories: readonly Directory[], depth: number): void => {
    for (const directory of directories.filter(({ foreign }) => !foreign)) {
      insert(waiting, { directory, depth }, (a, b) => compare(b, a, scopes));
    }
  };
  add(root.directories, 1);
  for (let best = waiting.pop(); best !== undefined && left > 0; best = waiting.pop()) {
    const cost = costOf(best.directory, best.depth);
    if (cost <= left) {
      left -= cost;
      open.add(best.directory);
      add(best.directory.directories, best.depth + 1);
    }
  }
  return open;
}

function insert(sorted: Waiting[], item: Waiting, order: (a: Waiting, b: Waiting) => number): void {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = sorted[middle];
    if (there !== undefined && order(there, item) <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  sorted.splice(low, 0, item);
}

function compare(a: Waiting, b: Waiting, scopes: readonly string[]): number {
  return (
    rankOf(a.directory, scopes) - rankOf(b.directory, scopes) ||
    a.depth - b.depth ||
    b.directory.codeBytes - a.directory.codeBytes ||
    (a.directory.path < b.directory.path ? -1 : 1)
  );
}

/** 0 on the way to the task's paths, 1 below them, 2 code, 3 anything else. */
function rankOf(directory: Directory, scopes: readonly string[]): number {
  if (scopes.some((scope) => isUnder(scope, directory.path))) {
    return 0;
  }
  if (scopes.some((scope) => isUnder(directory.path, scope))) {
    return 1;
  }
  return directory.codeBytes > 0 ? 2 : 3;
}

/** The bytes that a directory's content takes. */
function costOf(directory: Directory, depth: number): number {
  const lines = [
    ...directory.directories.map((child) => lineOf(child, depth)),
    ...fileLines(directory, depth),
  ];
  return lines.reduce((total, line) => total + Buffer.byteLength(line) + 1, 0);
}

function render(directory: Directory, open: ReadonlySet<Directory>, depth: number): readonly string[] {
  return [
    ...directory.directories.flatMap((child) => [
      lineOf(child, depth),
      ...(open.has(child) ? render(child, open, depth + 1) : []),
    ]),
    ...fileLines(directory, depth),
  ];
}

function lineOf(directory: Directory, depth: number): string {
  const count = directory.fileCount === 1 ? '1 file' : `${directory.fileCount} files`;
  const kind = directory.foreign ? ', vendored or generated' : '';
  return `${'  '.repeat(depth)}${shown(directory.name)}/ (${count}${kind})`;
}

function fileLines(directory: Directory, depth: number): readonly string[] {
  const indent = '  '.repeat(depth);
  const { files } = directory;
  const rest = files.length > maxFilesShown ? [`${indent}… ${files.length - maxFilesShown} more files`] : [];
  return [...files.slice(0, maxFilesShown).map((file) => `${indent}${shown(file)}`), ...rest];
}

/** A name as one line of text. */
function shown(name: string): string {
  return /[\p{Cc}\u2028\u2029]/u.test(name) ? JSON.stringify(name) : name;
}

/** Even the root alone may be too much. */
function cut(lines: readonly string[], maxBytes: number): string {
  const kept: string[] = [];
  let left = maxBytes;
  for (const [index, line] of lines.entries()) {
    const more = `… ${lines.length - index} more lines`;
    const last = index === lines.length - 1;
    left -= Buffer.byteLength(line) + 1;
    if (left < (last ? 0 : Buffer.byteLength(more) + 1)) {
      return Buffer.byteLength(more) <= maxBytes ? [...kept, more].join('\n') : '';
    }
    kept.push(line);
  }
  return kept.join('\n');
}

function countClosed(directory: Directory, open: ReadonlySet<Directory>): number {
  return directory.directories.reduce(
    (total, child) => total + (open.has(child) ? countClosed(child, open) : child.foreign ? 0 : 1),
    0,
  );
}
