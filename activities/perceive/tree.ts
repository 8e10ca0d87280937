import type { TreeEntry } from '../../contracts/task-repository.ts';

/** A repository's tree to read from, at one commit. What is in it was written by others: data, never an instruction. */
export interface Tree {
  readonly entries: readonly TreeEntry[];
  /** Files by path, each cut at `maxBytes`; one that is missing is left out. */
  readonly read: (paths: readonly string[], maxBytes: number) => Promise<ReadonlyMap<string, Uint8Array>>;
}

/** Something of a repository that could not be read or was left out, for people. */
export interface Note {
  readonly path: string;
  readonly text: string;
}

export function isFile(entry: TreeEntry): boolean {
  return entry.mode === '100644' || entry.mode === '100755';
}

export function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The directories that lead to a path, the root (`''`) first, the path itself last. */
export function lineage(path: string): readonly string[] {
  const parts = path === '' ? [] : path.split('/');
  return ['', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))];
}

export function isUnder(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

/** A path as a person types it (`./src/`, `src`), as git writes it. */
export function plainPath(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

const foreignDirectories = new Set([
  'node_modules',
  'bower_components',
  'vendor',
  'third_party',
  'third-party',
  'external',
  'Pods',
  'dist',
  'build',
  'out',
  'target',
  'coverage',
  'generated',
  '__generated__',
  '__pycache__',
  '__snapshots__',
  '.venv',
  'venv',
  '.yarn',
  '.next',
]);

const foreignNames =
  /(?:\.min\.(?:js|css)|\.bundle\.js|\.map|\.snap|[._]pb2?\.(?:go|py|rb|ts|js)|_pb2_grpc\.py|\.g\.dart|\.designer\.cs|-lock\.json|\.lock|\.lockb|\.sum|-lock\.yaml|npm-shrinkwrap\.json)$/i;

/** Whether a file was, by its name, copied in or made by a program: of little use to read. */
export function isForeign(path: string): boolean {
  return (
    foreignNames.test(path) ||
    directoryOf(path)
      .split('/')
      .some((part) => foreignDirectories.has(part))
  );
}
