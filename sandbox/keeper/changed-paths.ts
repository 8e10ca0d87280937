import { constants, lstatSync, readdirSync, type Stats } from 'node:fs';
import type { LeftOut } from '../../contracts/sandbox.ts';
import type { Git } from './git.ts';

/** A path as bytes: git's names need not be valid UTF-8. */
export type PathBytes = Buffer;

export interface StatusEntries {
  /** Tracked paths whose file is not what the index says. */
  readonly changed: readonly PathBytes[];
  /** Tracked paths that are no file any more; what lies there now may be anything, and is not asked. */
  readonly deleted: readonly PathBytes[];
  readonly untracked: readonly PathBytes[];
  /** Untracked directories with a repository of their own; git names them and does not look inside. */
  readonly nested: readonly PathBytes[];
}

/** Parses `git status --porcelain=v2 -z`. Renames must be off. */
export function parseStatus(output: Buffer): StatusEntries {
  const changed: PathBytes[] = [];
  const deleted: PathBytes[] = [];
  const untracked: PathBytes[] = [];
  const nested: PathBytes[] = [];
  for (const record of splitNul(output)) {
    const kind = String.fromCharCode(record[0] ?? 0);
    if (kind === '?') {
      const name = record.subarray(2);
      if (name.at(-1) === slash) nested.push(name.subarray(0, -1));
      else untracked.push(name);
    } else if (kind === '1') {
      // `1 XY …`: Y is what the work tree has against the index.
      const gone = record[3] === letterD;
      (gone ? deleted : changed).push(afterFields(record, 8));
    }
  }
  return { changed, deleted, untracked, nested };
}

const letterD = 0x44;
const slash = 0x2f;
const space = 0x20;

export function splitNul(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0, start); end !== -1; end = bytes.indexOf(0, start)) {
    parts.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return parts;
}

function afterFields(record: Buffer, count: number): Buffer {
  let at = 0;
  for (let field = 0; field < count; field += 1) at = record.indexOf(space, at) + 1;
  return record.subarray(at);
}

/** A path for people: UTF-8, or git's quoted form when it is none. */
export function readablePath(bytes: PathBytes): string {
  const text = bytes.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(bytes)) return text;
  const quoted = [...bytes].map((byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\${byte.toString(8).padStart(3, '0')}`,
  );
  return `"${quoted.join('')}"`;
}

export function joinPath(directory: string, name: PathBytes): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), name]);
}

/** Why a path cannot be part of a checkpoint; null when it can. Looks at the name itself, never through a link. */
export function reasonToLeaveOut(
  workTree: string,
  name: PathBytes,
  tracked: boolean,
  maxFileBytes: number,
): LeftOut['reason'] | null {
  const stat = statOf(joinPath(workTree, name));
  if (stat === undefined || stat.isSymbolicLink() || stat.isDirectory()) return null;
  if (!stat.isFile()) return 'special_file';
  if (!tracked && stat.size > maxFileBytes) return 'too_large';
  // By its mode, not by trying: the answer is the same whoever the keeper runs as.
  return (stat.mode & constants.S_IRUSR) === 0 ? 'unreadable' : null;
}

function statOf(file: Buffer): Stats | undefined {
  try {
    return lstatSync(file);
  } catch {
    return undefined;
  }
}

/** Whether a path lies in one of the directories. */
export function liesIn(name: PathBytes, directories: readonly PathBytes[]): boolean {
  return directories.some(
    (directory) => name[directory.length] === slash && name.subarray(0, directory.length).equals(directory),
  );
}

const maxNestingRounds = 8;

/**
 * The state of the workspace against the index. A nested repository's files are listed as files: once the index has an entry below the
 * directory, git walks through it like any other. What is nested deeper than eight levels stays in `nested`.
 */
export async function readStatus(git: Git, emptyBlob: string): Promise<StatusEntries> {
  const command = [
    'status',
    '--porcelain=v2',
    '-z',
    '--no-renames',
    '--untracked-files=all',
    '--ignore-submodules=all',
  ];
  for (let round = 0; ; round += 1) {
    // The cache of untracked files goes on naming a nested repository that has entries in the index by now.
    const cache = round === 0 ? [] : ['-c', 'core.untrackedCache=false'];
    const status = parseStatus((await git.run([...cache, ...command])).stdout);
    if (status.nested.length === 0 || round === maxNestingRounds) return status;
    const entries = status.nested.map((name) =>
      Buffer.concat([Buffer.from(`100644 ${emptyBlob}\t`), name, Buffer.from(`/${placeholder}\0`)]),
    );
    await git.run(['update-index', '-z', '--add', '--replace', '--index-info'], {
      stdin: Buffer.concat(entries),
    });
  }
}

/** Stands in the index for a nested repository's files until they are added; never exists as a file. */
const placeholder = '.longhaul-nested-placeholder';

/** Gitlinks of the base whose directory holds something now: it is no part of the checkpoint. */
export function filledGitlinks(workTree: string, gitlinks: readonly PathBytes[]): PathBytes[] {
  return gitlinks.filter((name) => {
    const directory = joinPath(workTree, name);
    const stat = statOf(directory);
    if (stat === undefined) return false;
    return !stat.isDirectory() || readdirSync(directory).length > 0;
  });
}
